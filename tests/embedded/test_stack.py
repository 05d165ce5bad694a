"""The environment that a stack gives its processes, and what changes with external servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import processes
from embedded.servers.credentials import load
from embedded.servers.running import Running
from embedded.servers.running import running as running_servers
from embedded.stack import running
from tests.embedded.tiny_parley import TINY


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    """Replace Parley's own processes with tiny ones."""
    with pytest.MonkeyPatch.context() as patch:
        for name, module in TINY.items():
            patch.setitem(processes.PROCESSES, name, module)
        yield


def process_environment(stack: Running, name: str) -> dict[str, str]:
    """Read the environment of a running process."""
    words = Path(f"/proc/{stack.pid(name)}/environ").read_text().split("\0")
    return dict(word.split("=", maxsplit=1) for word in words if "=" in word)


def test_processes_find_each_other_and_the_servers(tmp_path: Path) -> None:
    """Each process gets its name, its address, the servers, the secrets and the sandbox."""
    with running(data=tmp_path, environment={"PARLEY_LIMIT_SCALE": "7"}) as stack:
        given = process_environment(stack, "realtime-2")

        assert given["PARLEY_PROCESS_NAME"] == "realtime-2"
        assert given["PARLEY_PUBLIC_URL"] == stack.url("nginx")
        assert stack.url("realtime-2") == f"http://127.0.0.1:{given['PARLEY_BIND_PORT']}"
        assert given["MONGODB_URL"] == stack.mongodb_url
        assert given["REDIS_URL"] == stack.redis_url
        assert given["KAFKA_BOOTSTRAP_SERVERS"] == stack.kafka_bootstrap_servers
        assert given["SENDGRID_API_URL"] == given["TWILIO_API_URL"] == stack.url("sandbox")
        assert given["PARLEY_LIMIT_SCALE"] == "7"
        assert load(tmp_path / "secrets.json").items() <= given.items()
        assert (tmp_path / "environment.json").stat().st_mode & 0o777 == 0o600

    assert not (tmp_path / "environment.json").exists()
    assert not (tmp_path / "status.json").exists()


def test_configured_servers_and_providers_replace_the_embedded_ones() -> None:
    """With servers and credentials in the environment, neither servers nor the sandbox are started."""
    with running_servers() as servers:
        own = {
            **servers.environment,
            "TWILIO_ACCOUNT_SID": "AC0",
            "PARLEY_TOKEN_SECRET": "own " * 10,
        }
        with running(environment=own) as stack:
            given = process_environment(stack, "notify")

            assert given["MONGODB_URL"] == servers.mongodb_url
            assert given["PARLEY_TOKEN_SECRET"] == "own " * 10
            assert "SENDGRID_API_KEY" not in given
            assert "TWILIO_API_URL" not in given
            assert stack.names() == [*processes.PROCESSES, "nginx"]


def test_a_test_can_stop_and_start_one_process() -> None:
    """A test can stop and start a single one; the others stay up and its address stays the same."""
    with running() as stack:
        others = {name: stack.pid(name) for name in stack.names() if name != "relay"}
        url = stack.url("relay")

        stack.stop("relay")
        assert stack.pid("relay") is None
        stack.start("relay")

        assert stack.pid("relay") is not None
        assert stack.url("relay") == url
        assert {name: stack.pid(name) for name in others} == others
