"""The fixed list of error codes, and the tree of exceptions."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

from marketplace import errors
from marketplace.errors import MEANINGS, BaseError, Code, FieldError, ParleyError

PACKAGES = ("marketplace", "realtime", "rest", "relay", "matching", "notify", "embedded", "nginx")
# These know nothing of Parley.
OUTSIDE = ("embedded.errors", "embedded.supervision")


@pytest.mark.parametrize("code", Code)
def test_each_code_has_a_meaning(code: Code) -> None:
    """Every code has what an HTTP response needs: an error status and a title."""
    meaning = MEANINGS[code]

    assert 400 <= meaning.status < 600
    assert meaning.title[0].isupper()
    assert not meaning.title.endswith(".")


def test_codes_are_unique_and_in_snake_case() -> None:
    """Codes are unique, in lower case with underscores, since apps compare them."""
    assert all(code.value == code.name.lower() for code in Code)


@pytest.mark.parametrize("code", Code)
def test_server_errors_are_temporary(code: Code) -> None:
    """A 5xx and a rate limit may succeed later; no other error of the caller may."""
    meaning = MEANINGS[code]
    may_succeed_later = meaning.status >= 500 or meaning.status == 429

    assert meaning.is_temporary is (may_succeed_later or code is Code.IDEMPOTENCY_KEY_IN_USE)


def test_an_error_has_its_code_paths_and_retry_time() -> None:
    """The exception carries everything that a transport needs."""
    at_fault = [FieldError("budget.currency", "Three letters.")]

    error = ParleyError(Code.RATE_LIMITED, "Slow down.", errors=at_fault, retry_after_ms=250)

    assert str(error) == error.message == "Slow down."
    assert error.errors == tuple(at_fault)
    assert error.retry_after_ms == 250
    assert error.meaning.status == 429


@pytest.fixture(scope="module")
def every_module() -> None:
    """Every module of the product is imported, so that every exception class exists."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)


@pytest.mark.usefixtures("every_module")
def test_the_drawn_tree_is_the_real_one() -> None:
    """The docstring draws each exception once, below the class that it inherits from."""
    assert sorted(_drawn(errors.__doc__ or "")) == sorted(_derived(BaseError))


@pytest.mark.usefixtures("every_module")
def test_every_exception_of_ours_is_in_the_tree() -> None:
    """Whoever catches the base class catches everything that Parley raises of its own."""
    ours = {
        kind
        for kind in _below(Exception)
        if _is_ours(kind) and not kind.__module__.startswith(OUTSIDE)
    }

    assert {kind.__name__ for kind in ours if not issubclass(kind, BaseError)} == set()
    assert BaseError in ours


def _drawn(text: str) -> Iterator[tuple[str, str]]:
    """Each drawn exception, with the one above it."""
    above: list[str] = []
    for edges, name in re.findall(r"^ {4}([│├└─ ]*)(\w+Error)\b", text, re.MULTILINE):
        del above[len(edges) // 3 :]
        if above:
            yield name, above[-1]
        above.append(name)


def _derived(base: type[Exception]) -> Iterator[tuple[str, str]]:
    for kind in base.__subclasses__():
        if _is_ours(kind):
            yield kind.__name__, base.__name__
            yield from _derived(kind)


def _is_ours(kind: type[Exception]) -> bool:
    return kind.__module__.partition(".")[0] in PACKAGES


def _below(base: type[Exception]) -> set[type[Exception]]:
    direct = set(base.__subclasses__())
    return direct.union(*map(_below, direct))
