"""Settings of every process, read from the environment and checked before anything starts.

A variable `X` may also be given as `X_FILE`, the path of a file that holds the value: that is how
Docker Swarm hands out secrets.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from marketplace.errors import SettingsError

_LOCAL_MONGODB = "mongodb://127.0.0.1:27017/?replicaSet=parley"


class _Environment(Schema):
    """The variables, their types and bounds; `data_key` is the variable's name."""

    class Meta:
        unknown = EXCLUDE

    mongodb_url = fields.String(data_key="MONGODB_URL", load_default=_LOCAL_MONGODB)
    mongodb_database = fields.String(
        data_key="MONGODB_DATABASE",
        load_default="parley",
        validate=validate.Regexp(r"^[A-Za-z0-9_-]{1,38}$"),
    )
    kafka_bootstrap_servers = fields.String(
        data_key="KAFKA_BOOTSTRAP_SERVERS", load_default="127.0.0.1:9092"
    )
    redis_url = fields.String(data_key="REDIS_URL", load_default="redis://127.0.0.1:6379/0")
    token_secret = fields.String(
        data_key="PARLEY_TOKEN_SECRET", required=True, validate=validate.Length(min=32)
    )
    process_name = fields.String(
        data_key="PARLEY_PROCESS_NAME",
        load_default="parley",
        validate=validate.Regexp(r"^[A-Za-z0-9_.-]{1,63}$"),
    )
    bind_host = fields.String(data_key="PARLEY_BIND_HOST", load_default="127.0.0.1")
    bind_port = fields.Integer(
        data_key="PARLEY_BIND_PORT", load_default=8000, validate=validate.Range(1, 65535)
    )
    public_url = fields.Url(
        data_key="PARLEY_PUBLIC_URL", load_default="http://127.0.0.1:8080", require_tld=False
    )
    limit_scale = fields.Float(
        data_key="PARLEY_LIMIT_SCALE", load_default=1.0, validate=validate.Range(min=0.01)
    )
    offer_lifetime_s = fields.Integer(
        data_key="PARLEY_OFFER_LIFETIME_S",
        load_default=3 * 86_400,
        validate=validate.Range(1, 366 * 86_400),
    )
    most_open_rfis = fields.Integer(
        data_key="PARLEY_MOST_OPEN_RFIS", load_default=10, validate=validate.Range(1, 100_000)
    )
    most_vendor_places = fields.Integer(
        data_key="PARLEY_MOST_VENDOR_PLACES", load_default=100, validate=validate.Range(1, 100_000)
    )
    most_submissions_a_day = fields.Integer(
        data_key="PARLEY_MOST_SUBMISSIONS_A_DAY",
        load_default=20,
        validate=validate.Range(1, 10_000),
    )
    log_level = fields.String(
        data_key="PARLEY_LOG_LEVEL",
        load_default="INFO",
        validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]),
    )
    sendgrid_api_key = fields.String(data_key="SENDGRID_API_KEY", load_default="")
    sendgrid_api_url = fields.Url(
        data_key="SENDGRID_API_URL", load_default="https://api.sendgrid.com", require_tld=False
    )
    twilio_account_sid = fields.String(data_key="TWILIO_ACCOUNT_SID", load_default="")
    twilio_auth_token = fields.String(data_key="TWILIO_AUTH_TOKEN", load_default="")
    twilio_api_url = fields.Url(
        data_key="TWILIO_API_URL", load_default="https://api.twilio.com", require_tld=False
    )
    twilio_from_number = fields.String(data_key="TWILIO_FROM_NUMBER", load_default="")
    email_from = fields.Email(data_key="EMAIL_FROM", load_default="notifications@parley.example")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment said; secrets stay out of its printed form."""

    mongodb_url: str = field(repr=False)
    mongodb_database: str
    kafka_bootstrap_servers: str
    redis_url: str = field(repr=False)
    token_secret: str = field(repr=False)
    process_name: str
    bind_host: str
    bind_port: int
    public_url: str
    limit_scale: float
    offer_lifetime_s: int
    most_open_rfis: int
    most_vendor_places: int
    most_submissions_a_day: int
    log_level: str
    sendgrid_api_key: str = field(repr=False)
    sendgrid_api_url: str
    twilio_account_sid: str = field(repr=False)
    twilio_auth_token: str = field(repr=False)
    twilio_api_url: str
    twilio_from_number: str
    email_from: str


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings.

    Raises:
        SettingsError: naming every variable that is missing or not usable.
    """
    given = dict(os.environ if environment is None else environment)
    try:
        return Settings(**_Environment().load(_with_files(given)))
    except ValidationError as error:
        lines = [
            f"{name}: {' '.join(map(str, messages))}"
            for name, messages in sorted(error.messages_dict.items())
        ]
        raise SettingsError("Settings are not usable. " + " | ".join(lines)) from error


def _with_files(given: dict[str, str]) -> dict[str, str]:
    """Resolve `X_FILE` for the variables we know, and drop empty ones (an empty value is unset)."""
    known = {str(declared.data_key) for declared in _Environment().fields.values()}
    values = {name: given[name] for name in known if given.get(name)}
    for name in known:
        path = given.get(f"{name}_FILE")
        if path and name not in values:
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "not UTF-8"
                raise SettingsError(f"{name}_FILE: cannot be read ({why}: {path}).") from error
    return values
