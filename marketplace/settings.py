"""Every process's settings, read from the environment and validated before anything starts."""

import ipaddress
import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from environs import Env
from marshmallow import ValidationError, validate

from marketplace.domain.categories import CATEGORIES
from marketplace.domain.vendor_documents import DocumentType
from marketplace.domain.vendor_reviews import Step
from marketplace.environment import parsed, read, refusal, setting

_LOCAL_MONGODB = "mongodb://127.0.0.1:27017/?replicaSet=parley"
# Redacting shorter secrets would remove ordinary words from the log and protect nothing.
_MIN_SECRET_CHARACTERS = 6
_DAY_S = 86_400
_is_url = validate.URL(require_tld=False)


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


def bind_host_setting(kind: Callable[..., str] = Env.str) -> str:
    """Where a process listens; nginx, which needs an address, reads it as another kind."""
    return setting("PARLEY_BIND_HOST", kind, "127.0.0.1")


def limit_scale_setting() -> float:
    """What every limit is multiplied by; nginx reads it too."""
    return setting("PARLEY_LIMIT_SCALE", Env.float, 1.0, validate=validate.Range(min=0.01))


def _lifetime(variable: str, *, days: int) -> int:
    """So many days in seconds; from one second to a leap year."""
    return setting(variable, Env.int, days * _DAY_S, validate=validate.Range(1, 366 * _DAY_S))


def _steps(text: str) -> frozenset[Step]:
    """Steps of the onboarding, separated by commas."""
    words = [word.strip() for word in text.split(",")]
    if unknown := sorted(set(words) - {str(step) for step in Step}):
        known = ", ".join(Step)
        raise ValueError(f"Unknown: {', '.join(unknown)}; the steps are {known}")
    return frozenset(map(Step, words))


def _documents(text: str) -> dict[str, frozenset[DocumentType]]:
    """`plumbing=licence+insurance,roofing=licence`."""
    required = {}
    for part in text.split(","):
        category, _, types = (word.strip() for word in part.partition("="))
        if category not in CATEGORIES:
            raise ValueError(f"{category or 'An empty word'} is not a category")
        words = [word.strip() for word in types.split("+")]
        if set(words) - {str(type_) for type_ in DocumentType}:
            raise ValueError(f"The documents are {' and '.join(DocumentType)}, joined by +")
        required[category] = frozenset(map(DocumentType, words))
    return required


@dataclass(frozen=True, slots=True)
class MongodbSettings:
    """What it takes to reach the database."""

    mongodb_url: str = setting("MONGODB_URL", Env.str, _LOCAL_MONGODB, is_secret=True)
    mongodb_database: str = setting(
        "MONGODB_DATABASE", Env.str, "parley", validate=validate.Regexp(r"^[A-Za-z0-9_-]{1,38}$")
    )


@dataclass(frozen=True, slots=True)
class Settings(MongodbSettings):
    """The validated settings; secrets stay out of the printed form."""

    kafka_bootstrap_servers: str = setting("KAFKA_BOOTSTRAP_SERVERS", Env.str, "127.0.0.1:9092")
    redis_url: str = setting("REDIS_URL", Env.str, "redis://127.0.0.1:6379/0", is_secret=True)
    token_secret: str = setting(
        "PARLEY_TOKEN_SECRET", Env.str, is_secret=True, validate=validate.Length(min=32)
    )
    process_name: str = setting(
        "PARLEY_PROCESS_NAME",
        Env.str,
        "parley",
        validate=validate.Regexp(r"^[A-Za-z0-9_.-]{1,63}$"),
    )
    bind_host: str = bind_host_setting()
    bind_port: int = setting("PARLEY_BIND_PORT", Env.int, 8000, validate=validate.Range(1, 65535))
    public_url: str = setting(
        "PARLEY_PUBLIC_URL", Env.str, "http://127.0.0.1:8080", validate=_is_url
    )
    limit_scale: float = limit_scale_setting()
    offer_lifetime_s: int = _lifetime("PARLEY_OFFER_LIFETIME_S", days=3)
    answer_lifetime_s: int = _lifetime("PARLEY_ANSWER_LIFETIME_S", days=3)
    draft_lifetime_s: int = _lifetime("PARLEY_DRAFT_LIFETIME_S", days=30)
    open_lifetime_s: int = _lifetime("PARLEY_OPEN_LIFETIME_S", days=90)
    award_cancellable_s: int = _lifetime("PARLEY_AWARD_CANCELLABLE_S", days=1)
    most_open_rfis: int = setting(
        "PARLEY_MOST_OPEN_RFIS", Env.int, 10, validate=validate.Range(1, 100_000)
    )
    most_vendor_places: int = setting(
        "PARLEY_MOST_VENDOR_PLACES", Env.int, 100, validate=validate.Range(1, 100_000)
    )
    most_submissions_a_day: int = setting(
        "PARLEY_MOST_SUBMISSIONS_A_DAY", Env.int, 20, validate=validate.Range(1, 10_000)
    )
    most_uploads_a_day: int = setting(
        "PARLEY_MOST_UPLOADS_A_DAY", Env.int, 200, validate=validate.Range(1, 10_000)
    )
    most_upload_mib_a_day: int = setting(
        "PARLEY_MOST_UPLOAD_MIB_A_DAY", Env.int, 500, validate=validate.Range(1, 1_000_000)
    )
    most_stored_mib: int = setting(
        "PARLEY_MOST_STORED_MIB", Env.int, 5_000, validate=validate.Range(1, 1_000_000)
    )
    s3_bucket: str = setting(
        "S3_BUCKET",
        Env.str,
        "",
        validate=validate.Regexp(r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?\Z"),
    )
    s3_endpoint_url: str = setting("S3_ENDPOINT_URL", Env.str, "", validate=[_is_url, _is_base_url])
    s3_region: str = setting("S3_REGION", Env.str, "us-east-1")
    s3_access_key_id: str = setting("S3_ACCESS_KEY_ID", Env.str, "", is_secret=True)
    s3_secret_access_key: str = setting("S3_SECRET_ACCESS_KEY", Env.str, "", is_secret=True)
    clamd_address: str = setting(
        "CLAMD_ADDRESS",
        Env.str,
        "",
        validate=validate.Regexp(
            r"(\S{1,253}:[0-9]{1,5})?\Z", error="Must be host:port, such as clamd:3310."
        ),
    )
    requires_verified_email: bool = setting("PARLEY_REQUIRE_VERIFIED_EMAIL", Env.bool, False)
    required_steps: frozenset[Step] = setting("PARLEY_REQUIRED_STEPS", parsed(_steps), frozenset())
    required_documents: Mapping[str, frozenset[DocumentType]] = setting(
        "PARLEY_REQUIRED_DOCUMENTS", parsed(_documents), {}
    )
    automatic_approval: frozenset[Step] | None = setting(
        "PARLEY_AUTOMATIC_APPROVAL", parsed(_steps), None
    )
    log_level: str = setting(
        "PARLEY_LOG_LEVEL",
        Env.str,
        "INFO",
        validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]),
    )
    otlp_endpoint: str = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Env.str,
        "",
        validate=[validate.URL(require_tld=False, schemes={"http", "https"}), _is_base_url],
    )
    sendgrid_api_key: str = setting(
        "SENDGRID_API_KEY",
        Env.str,
        "",
        is_secret=True,
        validate=validate.Regexp(
            r"(SG\.[A-Za-z0-9._-]+)?\Z",
            error="Must be SG. followed by letters, digits, '.', '_' or '-'.",
        ),
    )
    sendgrid_api_url: str = setting(
        "SENDGRID_API_URL",
        Env.str,
        "https://api.sendgrid.com",
        validate=[_is_url, _is_provider_url],
    )
    twilio_account_sid: str = setting(
        "TWILIO_ACCOUNT_SID",
        Env.str,
        "",
        is_secret=True,
        validate=validate.Regexp(
            r"(AC[0-9a-fA-F]{32})?\Z", error="Must be AC followed by 32 hexadecimal digits."
        ),
    )
    twilio_auth_token: str = setting(
        "TWILIO_AUTH_TOKEN",
        Env.str,
        "",
        is_secret=True,
        validate=validate.Regexp(r"[!-~]*\Z", error="Must be ASCII without spaces."),
    )
    twilio_api_url: str = setting(
        "TWILIO_API_URL", Env.str, "https://api.twilio.com", validate=[_is_url, _is_provider_url]
    )
    twilio_from_number: str = setting(
        "TWILIO_FROM_NUMBER",
        Env.str,
        "",
        validate=validate.Regexp(
            r"(\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 _&-]{1,11})?\Z",
            error="Must be a telephone number such as +13035550100, a short code, or a sender's name.",
        ),
    )
    email_from: str = setting(
        "EMAIL_FROM", Env.str, "notifications@parley.example", validate=validate.Email()
    )

    def __post_init__(self) -> None:
        """Check what belongs together: a part of it would silently do nothing, or something else."""
        needed = {
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token,
            "TWILIO_FROM_NUMBER": self.twilio_from_number,
        }
        if self.twilio_account_sid and not all(needed.values()):
            why = "Required if TWILIO_ACCOUNT_SID is set."
            raise refusal({name: [why] for name, value in needed.items() if not value})
        # One key alone would be ignored, and the machine's own role be used.
        if bool(self.s3_access_key_id) != bool(self.s3_secret_access_key):
            raise refusal({"S3_SECRET_ACCESS_KEY": ["Set both S3 keys or none."]})

    def secrets(self) -> frozenset[str]:
        """What no log may contain, in every form in which a client or a traceback may write it."""
        basic = f"{self.twilio_account_sid}:{self.twilio_auth_token}".encode()
        plain = {
            self.token_secret,
            self.sendgrid_api_key,
            self.twilio_auth_token,
            self.s3_secret_access_key,
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
    return read(Settings, os.environ if environment is None else environment)
