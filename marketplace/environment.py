"""Reads a class of settings from environment variables; each variable stands once, at its field.

    @dataclass(frozen=True, slots=True)
    class Settings:
        port: int = setting("PARLEY_PORT", Env.int, 8000, validate=validate.Range(1, 65535))

    settings = read(Settings, os.environ)

A variable `X` may also be set as `X_FILE`, the path of a file that holds the value, which is how
Docker Swarm provides secrets. An empty variable counts as unset.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from environs import Env, EnvValidationError
from marshmallow import ValidationError
from marshmallow.fields import Field

from marketplace.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    S = TypeVar("S", bound=DataclassInstance)
T = TypeVar("T")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def setting(
    name: str,
    kind: Callable[..., T],
    default: T | EllipsisType = ...,
    *,
    is_secret: bool = False,
    **checks: Any,
) -> T:
    """The field of one setting: its variable, how it is read (`Env.int`), default and checks.

    A secret stays out of the printed form. Without a default the variable is required.
    """
    declared: T = field(
        repr=not is_secret,
        metadata={"name": name, "kind": kind, "default": default, "checks": checks},
    )
    return declared


def parsed(parse: Callable[[str], T]) -> Callable[..., T]:
    """A kind of setting that is what `parse` makes of the text; its ValueError says what is wrong."""

    def read_parsed(environment: "_Environment", name: str, default: object) -> T:
        value: T = environment.parsed(name, default, parse=parse)
        return value

    return read_parsed


def read(settings: "type[S]", variables: Mapping[str, str]) -> "S":
    """Read and validate a dataclass of settings.

    Raises:
        SettingsError: names every variable that is missing or invalid, and what it must be.
    """
    environment = _Environment(variables)
    values = {}
    for declared in fields(settings):
        source = declared.metadata
        values[declared.name] = source["kind"](
            environment, source["name"], source["default"], **source["checks"]
        )
    try:
        environment.seal()
    except EnvValidationError as error:
        messages = cast("Mapping[str, Sequence[str]]", error.error_messages)
        raise refusal(messages) from error
    return settings(**values)


def refusal(messages: Mapping[str, Sequence[str]]) -> SettingsError:
    """The error that names each variable and what is wrong with it."""
    lines = [f"{name}: {' '.join(map(str, reasons))}" for name, reasons in sorted(messages.items())]
    return SettingsError("Invalid settings. " + " | ".join(lines))


def is_set(variables: Mapping[str, str], name: str) -> bool:
    """Whether a variable is given, itself or as a file."""
    return bool(variables.get(name) or variables.get(f"{name}_FILE"))


class _Environment(Env):
    """The reader of environs over any mapping, which reports every mistake together.

    Its own `FileAwareEnv` prefers the file to the variable, reads it in the locale's encoding, and
    does not say why it cannot.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(eager=False)
        self.add_parser_from_field("parsed", _Parsed)
        self._variables = variables

    def _get_value(self, env_key: str, default: Any) -> Any:
        value = self._variables.get(env_key)
        path = self._variables.get(f"{env_key}_FILE")
        if not value and not path:
            return default
        value = value or _content(f"{env_key}_FILE", str(path))
        if _CONTROL.search(value):
            raise refusal({env_key: ["Must not contain a control character."]})
        return value


class _Parsed(Field[Any]):
    def __init__(self, *, parse: Callable[[str], object], **options: Any) -> None:
        super().__init__(**options)
        self._parse = parse

    def _deserialize(self, value: str, *_: object, **__: object) -> object:
        try:
            return self._parse(value.strip())
        except ValueError as error:
            raise ValidationError(f"{error}.") from error


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise refusal({name: [f"The file cannot be read ({why}: {path})."]}) from error
