"""The environment is checked, and every error names the variable."""

from pathlib import Path

import pytest

from marketplace.errors import SettingsError
from nginx.settings import from_environment


def environment(page: Path, **changes: str) -> dict[str, str]:
    """Build a usable environment with some variables changed."""
    return {
        "PARLEY_WEB_ROOT": str(page),
        "PARLEY_REST_UPSTREAMS": "127.0.0.1:9000",
        "PARLEY_REALTIME_UPSTREAMS": "realtime-1=127.0.0.1:9001",
        **changes,
    }


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PARLEY_HTTP_PORT", "http"),
        ("PARLEY_HTTP_PORT", "70000"),
        ("PARLEY_BIND_HOST", "everywhere"),
        ("PARLEY_WEB_ROOT", "/nowhere"),
        ("PARLEY_WEB_ROOT", ""),
        ("PARLEY_REST_UPSTREAMS", ""),
        ("PARLEY_REST_UPSTREAMS", " , "),
        ("PARLEY_REST_UPSTREAMS", "127.0.0.1"),
        ("PARLEY_REST_UPSTREAMS", "a;b:80"),
        ("PARLEY_REALTIME_UPSTREAMS", "127.0.0.1:9001"),
        ("PARLEY_REALTIME_UPSTREAMS", "a=127.0.0.1:1,a=127.0.0.1:2"),
        ("PARLEY_REALTIME_UPSTREAMS", "a b=127.0.0.1:1"),
        ("PARLEY_RESOLVER", "127.0.0.11; evil"),
        ("PARLEY_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("PARLEY_LIMIT_SCALE", "0"),
        ("PARLEY_LIMIT_SCALE", "nan"),
        ("PARLEY_LIMIT_SCALE", "inf"),
        ("PARLEY_LIMIT_SCALE", "many"),
    ],
)
def test_an_invalid_value_is_named(page: Path, variable: str, value: str) -> None:
    """The error for a wrong value names the variable."""
    with pytest.raises(SettingsError, match=f"{variable}: "):
        from_environment(environment(page, **{variable: value}))


def test_a_resolver_needs_one_service_without_a_name(page: Path) -> None:
    """With a resolver the gateways are found by DNS, so naming one is a mistake."""
    with pytest.raises(SettingsError, match="PARLEY_REALTIME_UPSTREAMS: "):
        from_environment(environment(page, PARLEY_RESOLVER="127.0.0.11"))


def test_all_invalid_variables_are_named_at_once(page: Path) -> None:
    """One error lists every invalid variable."""
    with pytest.raises(SettingsError) as refused:
        from_environment(environment(page, PARLEY_HTTP_PORT="x", PARLEY_RESOLVER="a b"))

    for variable in ("PARLEY_HTTP_PORT", "PARLEY_RESOLVER"):
        assert f"{variable}: " in str(refused.value)


def test_only_the_page_and_the_upstreams_are_required(page: Path) -> None:
    """Only the page and the upstreams are required; everything else has a default."""
    settings = from_environment(environment(page))

    assert (settings.bind_host, settings.http_port) == ("127.0.0.1", 8080)
    assert [one.name for one in settings.realtime] == ["realtime-1"]
    assert settings.trusted_proxies == ()
