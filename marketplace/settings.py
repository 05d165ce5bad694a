"""Every process's settings, read from the environment and validated before anything starts.

A variable `X` may also be set as `X_FILE`, the path of a file that holds the value, which is how
Docker Swarm provides secrets.
"""

import ipaddress
import json
import os
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from marketplace.errors import SettingsError

_LOCAL_MONGODB = "mongodb://127.0.0.1:27017/?replicaSet=parley"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Redacting shorter secrets would remove ordinary words from the log and protect nothing.
_MIN_SECRET_CHARACTERS = 6


def _is_base_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValidationError("Must have only a scheme, a host, a port and a path.")


def _is_provider_url(url: str) -> None:
    """Providers get our key, so their URL must use TLS, except for a sandbox on this machine."""
    _is_base_url(url)
    parts = urlsplit(url)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise ValidationError("Must be https, except on this machine (127.0.0.1).")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
    otlp_endpoint = fields.Url(
        data_key="OTEL_EXPORTER_OTLP_ENDPOINT",
        load_default="",
        require_tld=False,
        schemes={"http", "https"},
        validate=_is_base_url,
    )
    sendgrid_api_key = fields.String(
        data_key="SENDGRID_API_KEY",
        load_default="",
        validate=validate.Regexp(
            r"(SG\.[A-Za-z0-9._-]+)?\Z",
            error="Must be SG. followed by letters, digits, '.', '_' or '-'.",
        ),
    )
    sendgrid_api_url = fields.Url(
        data_key="SENDGRID_API_URL",
        load_default="https://api.sendgrid.com",
        require_tld=False,
        validate=_is_provider_url,
    )
    twilio_account_sid = fields.String(
        data_key="TWILIO_ACCOUNT_SID",
        load_default="",
        validate=validate.Regexp(
            r"(AC[0-9a-fA-F]{32})?\Z", error="Must be AC followed by 32 hexadecimal digits."
        ),
    )
    twilio_auth_token = fields.String(
        data_key="TWILIO_AUTH_TOKEN",
        load_default="",
        validate=validate.Regexp(r"[!-~]*\Z", error="Must be ASCII without spaces."),
    )
    twilio_api_url = fields.Url(
        data_key="TWILIO_API_URL",
        load_default="https://api.twilio.com",
        require_tld=False,
        validate=_is_provider_url,
    )
    twilio_from_number = fields.String(
        data_key="TWILIO_FROM_NUMBER",
        load_default="",
        validate=validate.Regexp(
            r"(\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 _&-]{1,11})?\Z",
            error="Must be a telephone number such as +13035550100, a short code, or a sender's name.",
        ),
    )
    email_from = fields.Email(data_key="EMAIL_FROM", load_default="notifications@parley.example")

    @validates_schema
    def _is_complete(self, data: Mapping[str, object], **_: object) -> None:
        """Twilio's account needs the other two as well: without them SMS would silently be off."""
        for name in ("twilio_auth_token", "twilio_from_number"):
            if data.get("twilio_account_sid") and not data.get(name):
                raise ValidationError("Required if TWILIO_ACCOUNT_SID is set.", name.upper())


@dataclass(frozen=True, slots=True)
class Settings:
    """The validated settings; secrets stay out of the printed form."""

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
    otlp_endpoint: str
    sendgrid_api_key: str = field(repr=False)
    sendgrid_api_url: str
    twilio_account_sid: str = field(repr=False)
    twilio_auth_token: str = field(repr=False)
    twilio_api_url: str
    twilio_from_number: str
    email_from: str

    def secrets(self) -> frozenset[str]:
        """What no log may contain, in every form in which a client or a traceback may write it."""
        basic = f"{self.twilio_account_sid}:{self.twilio_auth_token}".encode()
        plain = {
            self.token_secret,
            self.sendgrid_api_key,
            self.twilio_auth_token,
            b64encode(basic).decode(),
            *(form for url in (self.mongodb_url, self.redis_url) for form in _passwords(url)),
        }
        long = {secret for secret in plain if len(secret) >= _MIN_SECRET_CHARACTERS}
        return frozenset(long | {json.dumps(secret)[1:-1] for secret in long})


def _passwords(url: str) -> tuple[str, str]:
    """The password in a URL, both percent-encoded and decoded."""
    before_hosts = url.partition("://")[2].partition("/")[0].rpartition("@")[0]
    written = before_hosts.partition(":")[2]
    return written, unquote(written)


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and validate the settings.

    Raises:
        SettingsError: names every variable that is missing or invalid.
    """
    variables = dict(os.environ if environment is None else environment)
    try:
        return Settings(**_Environment().load(_with_files(variables)))
    except ValidationError as error:
        lines = [
            f"{name}: {' '.join(map(str, messages))}"
            for name, messages in sorted(error.messages_dict.items())
        ]
        raise SettingsError("Invalid settings. " + " | ".join(lines)) from error


def _with_files(variables: dict[str, str]) -> dict[str, str]:
    """Resolve `X_FILE` for the known variables, and drop empty ones (empty means unset)."""
    names = {str(declared.data_key) for declared in _Environment().fields.values()}
    values = {name: variables[name] for name in names if variables.get(name)}
    for name in names:
        path = variables.get(f"{name}_FILE")
        if path and name not in values:
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "not UTF-8"
                raise SettingsError(
                    f"{name}_FILE: The file cannot be read ({why}: {path})."
                ) from error
    for name, value in values.items():
        if _CONTROL.search(value):
            raise SettingsError(f"Invalid settings. {name}: Must not contain a control character.")
    return values
