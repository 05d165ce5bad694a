"""Settings from the environment."""

from base64 import b64encode
from pathlib import Path

import pytest

from marketplace.errors import SettingsError
from marketplace.settings import Settings, from_environment

SECRET = "a-secret-that-is-long-enough-to-pass"


def _read(**environment: str) -> Settings:
    return from_environment({"PARLEY_TOKEN_SECRET": SECRET} | environment)


def test_one_secret_is_enough_to_start() -> None:
    """Every setting except the token secret has a default that suits one machine."""
    settings = _read()

    assert settings.token_secret == SECRET
    assert settings.mongodb_database == "parley"
    assert settings.bind_host == "127.0.0.1"
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.limit_scale == 1
    assert settings.log_level == "INFO"


def test_variables_are_parsed() -> None:
    """Numbers are parsed, and unknown variables are ignored."""
    settings = _read(PARLEY_BIND_PORT="8123", PARLEY_LIMIT_SCALE="2.5", HOME="/nowhere")

    assert settings.bind_port == 8123
    assert settings.limit_scale == 2.5


def test_only_the_given_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings for another process do not take values from this process's own environment."""
    monkeypatch.setenv("MONGODB_DATABASE", "of_this_process")
    monkeypatch.setenv("REDIS_URL_FILE", "/nowhere")

    settings = _read()

    assert settings.mongodb_database == "parley"
    assert settings.redis_url == "redis://127.0.0.1:6379/0"


def test_an_empty_variable_is_an_unset_one() -> None:
    """`MONGODB_DATABASE=` in an environment file means the default."""
    assert _read(MONGODB_DATABASE="").mongodb_database == "parley"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLEY_TOKEN_SECRET", "too short"),
        ("MONGODB_DATABASE", "no/slashes"),
        ("MONGODB_DATABASE", "x" * 39),
        ("PARLEY_PROCESS_NAME", "no spaces"),
        ("PARLEY_BIND_PORT", "http"),
        ("PARLEY_BIND_PORT", "65536"),
        ("PARLEY_BIND_PORT", "0"),
        ("PARLEY_PUBLIC_URL", "not a url"),
        ("PARLEY_LIMIT_SCALE", "0"),
        ("PARLEY_LIMIT_SCALE", "nan"),
        ("PARLEY_LIMIT_SCALE", "inf"),
        ("PARLEY_LOG_LEVEL", "LOUD"),
        ("SENDGRID_API_KEY", "SG.key\nX-Injected: yes"),
        ("SENDGRID_API_KEY", "SG.key\n"),
        ("SENDGRID_API_KEY", "SG.with a space"),
        ("SENDGRID_API_KEY", "SG.\u2019curly"),
        ("SENDGRID_API_KEY", "key-of-another-service"),
        ("SENDGRID_API_URL", "http://api.sendgrid.com"),
        ("SENDGRID_API_URL", "http://127.0.0.1.example.com"),
        ("SENDGRID_API_URL", "https://user:word@api.sendgrid.com"),
        ("SENDGRID_API_URL", "https://api.sendgrid.com?x=1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "otel-collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://otel-collector:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:word@otel-collector:4318"),
        ("TWILIO_ACCOUNT_SID", "AC123"),
        ("TWILIO_ACCOUNT_SID", "SK" + "0" * 32),
        ("TWILIO_AUTH_TOKEN", "with a space"),
        ("TWILIO_AUTH_TOKEN", "token\r"),
        ("TWILIO_API_URL", "http://10.0.0.1:8080"),
        ("TWILIO_FROM_NUMBER", "+0303555"),
        ("TWILIO_FROM_NUMBER", "+1\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0660\u0660"),
        ("MONGODB_URL", "mongodb://db\n/"),
        ("PARLEY_PROCESS_NAME", "notify-1\n"),
        ("SENDGRID_API_URL", "ftp//nowhere"),
        ("TWILIO_API_URL", "nowhere"),
        ("EMAIL_FROM", "nobody"),
        ("S3_BUCKET", "Not_A_Bucket"),
        ("S3_ENDPOINT_URL", "minio:9000"),
        ("S3_ENDPOINT_URL", "http://user:word@minio:9000"),
        ("S3_SECRET_ACCESS_KEY", "a secret key without its id"),
        ("CLAMD_ADDRESS", "clamd"),
        ("PARLEY_MOST_STORED_MIB", "0"),
    ],
)
def test_an_invalid_value_is_refused_with_its_variables_name(name: str, value: str) -> None:
    """The error names the variable to fix and contains no secret."""
    with pytest.raises(SettingsError) as refused:
        _read(**{name: value})

    assert f"{name}: " in str(refused.value)
    assert SECRET not in str(refused.value)
    if "SECRET" in name:
        assert value not in str(refused.value)


def test_all_invalid_variables_are_reported_at_once() -> None:
    """One error lists every invalid variable."""
    with pytest.raises(SettingsError) as refused:
        from_environment({"PARLEY_BIND_PORT": "x", "PARLEY_LOG_LEVEL": "y"})

    for name in ("PARLEY_TOKEN_SECRET", "PARLEY_BIND_PORT", "PARLEY_LOG_LEVEL"):
        assert f"{name}: " in str(refused.value)


def test_a_value_may_be_read_from_a_file(tmp_path: Path) -> None:
    """`X_FILE` is read as Swarm provides secrets; a trailing newline is not in the value."""
    secret, url = tmp_path / "secret", tmp_path / "url"
    secret.write_text(SECRET + "\n")
    url.write_text("mongodb://db/?replicaSet=parley")

    settings = from_environment(
        {"PARLEY_TOKEN_SECRET_FILE": str(secret), "MONGODB_URL_FILE": str(url)}
    )

    assert settings.token_secret == SECRET
    assert settings.mongodb_url == "mongodb://db/?replicaSet=parley"


def test_a_variable_takes_precedence_over_its_file(tmp_path: Path) -> None:
    """When both are set, the variable takes precedence over its file."""
    other = tmp_path / "secret"
    other.write_text("x" * 40)

    assert _read(PARLEY_TOKEN_SECRET_FILE=str(other)).token_secret == SECRET


def test_a_value_from_a_file_is_checked(tmp_path: Path) -> None:
    """A secret from a file is checked like any other: a short one is refused."""
    secret = tmp_path / "secret"
    secret.write_text("short")

    with pytest.raises(SettingsError, match="PARLEY_TOKEN_SECRET: "):
        from_environment({"PARLEY_TOKEN_SECRET_FILE": str(secret)})


def test_an_empty_file_is_no_default(tmp_path: Path) -> None:
    """An empty secret is a mistake of the deployment; the process does not start without it."""
    empty = tmp_path / "empty"
    empty.write_text("\n")

    with pytest.raises(SettingsError, match="MONGODB_DATABASE: "):
        _read(MONGODB_DATABASE_FILE=str(empty))


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """For a missing file, a folder or binary data, the error names the variable and the path."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")

    for path in (tmp_path / "missing", tmp_path, binary):
        with pytest.raises(SettingsError, match="PARLEY_TOKEN_SECRET_FILE: ") as refused:
            from_environment({"PARLEY_TOKEN_SECRET_FILE": str(path)})
        assert str(path) in str(refused.value)


def test_secrets_stay_out_of_the_printed_form() -> None:
    """Logged settings reveal no secrets, and no passwords in URLs."""
    secrets = {
        "PARLEY_TOKEN_SECRET": SECRET,
        "SENDGRID_API_KEY": "SG.key",
        "TWILIO_AUTH_TOKEN": "twilio-token",
        "MONGODB_URL": "mongodb://parley:mongo-password@db/",
        "REDIS_URL": "redis://:redis-password@cache/0",
    }

    printed = repr(from_environment(secrets))

    assert "parley" in printed
    for value in (SECRET, "SG.key", "twilio-token", "mongo-password", "redis-password"):
        assert value not in printed


def test_a_partial_twilio_account_is_refused() -> None:
    """A partial Twilio account would turn all SMS off and is refused; a token alone is allowed."""
    account = {"TWILIO_ACCOUNT_SID": "AC" + "0a" * 16, "TWILIO_AUTH_TOKEN": "0f" * 16}

    with pytest.raises(SettingsError, match="TWILIO_FROM_NUMBER: "):
        _read(**account)
    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN: "):
        _read(TWILIO_ACCOUNT_SID=account["TWILIO_ACCOUNT_SID"], TWILIO_FROM_NUMBER="+13035550100")

    assert _read(**account, TWILIO_FROM_NUMBER="+13035550100").twilio_account_sid
    assert not _read(TWILIO_AUTH_TOKEN="0f" * 16).twilio_account_sid


@pytest.mark.parametrize("host", ["127.0.0.1:8025", "localhost:8025", "[::1]:8025"])
def test_a_provider_on_this_machine_needs_no_tls(host: str) -> None:
    """The sandbox runs without TLS."""
    assert _read(SENDGRID_API_URL=f"http://{host}").sendgrid_api_url == f"http://{host}"


def test_secrets_are_known_in_every_form_that_could_be_logged() -> None:
    """Secrets are known verbatim, decoded from URLs, and in Twilio's Authorization header."""
    settings = _read(
        SENDGRID_API_KEY="SG.key-of-ours",
        TWILIO_ACCOUNT_SID="AC" + "0a" * 16,
        TWILIO_AUTH_TOKEN="0f" * 16,
        TWILIO_FROM_NUMBER="+13035550100",
        MONGODB_URL="mongodb://parley:mongo%2Fword@one:27017,two:27017/?replicaSet=parley",
        REDIS_URL="redis://:redis-password@cache/0",
    )

    secrets = settings.secrets()

    basic = b64encode(f"AC{'0a' * 16}:{'0f' * 16}".encode()).decode()
    for form in (SECRET, "SG.key-of-ours", "0f" * 16, basic, "redis-password"):
        assert form in secrets
    assert {"mongo%2Fword", "mongo/word"} <= secrets
    assert all(len(form) >= 6 for form in _read().secrets())


def test_a_refused_secret_is_not_shown() -> None:
    """The error names the variable and reveals nothing about its value."""
    for value in ("SG.a-secret\nline", "a-secret of another form"):
        with pytest.raises(SettingsError) as refused:
            _read(SENDGRID_API_KEY=value)
        assert "a-secret" not in str(refused.value)
