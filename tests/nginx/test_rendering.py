"""nginx itself accepts the rendered configuration, for every kind of environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from marketplace.domain.attachments import MAX_BYTES
from nginx.rendering import JSON_BYTES, UPLOAD_BYTES
from rest.app import OPERATIONS
from rest.multipart import OVERHEAD_BYTES

_SWARM = {
    "PARLEY_RESOLVER": "127.0.0.11",
    "PARLEY_REST_UPSTREAMS": "tasks.rest:8000",
    "PARLEY_REALTIME_UPSTREAMS": "tasks.realtime:8000",
}


def check(page: Path, runtime: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m nginx -t`."""
    environment = {
        "PATH": os.environ["PATH"],
        "PARLEY_WEB_ROOT": str(page),
        "PARLEY_RUNTIME_DIR": str(runtime),
        "PARLEY_REST_UPSTREAMS": "127.0.0.1:9000,127.0.0.1:9010",
        "PARLEY_REALTIME_UPSTREAMS": "realtime-1=127.0.0.1:9001",
        **changes,
    }
    return subprocess.run(
        [sys.executable, "-m", "nginx", "-t"],
        env=environment, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"PARLEY_REALTIME_UPSTREAMS": "a.1=127.0.0.1:9001,b_2=localhost:9002,c-3=127.0.0.1:9003"},
        {"PARLEY_TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::/32,192.0.2.1"},
        {"PARLEY_BIND_HOST": "::"},
        {"PARLEY_BIND_HOST": "0.0.0.0"},  # noqa: S104 (what a container does)
        _SWARM,
        {**_SWARM, "PARLEY_RESOLVER": "10.0.0.2:5353"},
    ],
)
def test_nginx_accepts_the_rendered_file(
    page: Path, tmp_path: Path, changes: dict[str, str]
) -> None:
    """`nginx -t` reports no error and no warning."""
    result = check(page, tmp_path / "run", **changes)

    assert result.returncode == 0, result.stderr
    assert "[warn]" not in result.stderr


def test_an_invalid_environment_is_reported_in_one_sentence(page: Path, tmp_path: Path) -> None:
    """A wrong environment ends with exit code 1 and a sentence, without a stack trace."""
    result = check(page, tmp_path / "run", PARLEY_HTTP_PORT="no")

    assert result.returncode == 1
    assert result.stderr == (
        "nginx cannot start. Invalid settings. PARLEY_HTTP_PORT: 'no' is not a port (1 to 65535).\n"
    )


def test_every_json_body_fits_nginxs_limit() -> None:
    """The largest body that any operation accepts is no larger than nginx's limit."""
    largest = max(
        operation.body.size.json_bytes for operation in OPERATIONS if operation.body is not None
    )

    assert largest <= JSON_BYTES


def test_the_largest_file_fits_with_its_form() -> None:
    """nginx lets through what REST receives, and a little more, so that REST's refusal is read."""
    assert MAX_BYTES + OVERHEAD_BYTES < UPLOAD_BYTES < MAX_BYTES + 128 * 1024
