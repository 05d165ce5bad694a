"""Health, metrics, and the process itself."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process

import aiohttp
import orjson
import pytest

from embedded.sandbox.server import Account


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def run(account: Account, port: int, **changes: str) -> Process:
    """Start `python -m embedded.sandbox`."""
    environment = {
        "PATH": os.environ["PATH"],
        "PARLEY_BIND_PORT": str(port),
        "PARLEY_TOKEN_SECRET": "t" * 32,
        "SENDGRID_API_KEY": account.sendgrid_api_key,
        "TWILIO_ACCOUNT_SID": account.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": account.twilio_auth_token,
        "TWILIO_FROM_NUMBER": account.twilio_from_number,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "embedded.sandbox",
        env=environment | changes,
        stdout=PIPE,
        stderr=PIPE,
    )


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_health(http: aiohttp.ClientSession, path: str) -> None:
    """A sandbox that listens is live and ready."""
    async with http.get(path) as response:
        assert response.status == 200
        assert (await response.json())["status"] == path.rpartition("/")[2]


async def test_metrics_count_requests(http: aiohttp.ClientSession) -> None:
    """Requests are counted by route, so that ids in paths create no separate series."""
    for number in range(2):
        async with http.get(
            f"/2010-04-01/Accounts/AC{number}/Messages/SM{number}.json"
        ) as response:
            assert response.status == 401

    async with http.get("/metrics") as response:
        assert response.content_type == "text/plain"
        text = await response.text()

    route = "/2010-04-01/Accounts/{account_sid}/Messages/{sid}.json"
    assert f'parley_sandbox_requests_total{{method="GET",route="{route}",status="401"}}' in text
    assert "AC0" not in text


@pytest.mark.parametrize(
    ("path", "member"),
    [("/v3/nothing", "errors"), ("/2010-04-01/nothing.json", "code"), ("/nothing", "detail")],
)
async def test_unknown_path_answers_as_its_owner(
    http: aiohttp.ClientSession, path: str, member: str
) -> None:
    """A path that does not exist gets 404 in the form of the provider that owns it."""
    async with http.get(path) as response:
        assert response.status == 404
        assert member in await response.json()


async def test_process_serves_and_stops_cleanly(account: Account) -> None:
    """The process listens on the given port, and SIGTERM ends it with code 0."""
    port = free_port()
    process = await run(account, port)
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = orjson.loads(await process.stdout.readline())
        assert line["message"] == "listening"
        async with aiohttp.ClientSession() as session, session.get(line["url"]) as response:
            assert response.status == 200
        process.send_signal(signal.SIGTERM)
        output, errors = await process.communicate()

    assert line["url"] == f"http://127.0.0.1:{port}"
    assert process.returncode == 0
    assert b"stopped" in output
    assert errors == b""
    assert account.twilio_auth_token.encode() not in output


async def test_missing_credentials_are_named(account: Account) -> None:
    """Without credentials the process does not start, and names those it needs."""
    process = await run(account, free_port(), SENDGRID_API_KEY="", TWILIO_ACCOUNT_SID="")
    async with asyncio.timeout(20):
        _, errors = await process.communicate()

    assert process.returncode == 1
    assert errors == b"The sandbox requires SENDGRID_API_KEY, TWILIO_ACCOUNT_SID.\n"


async def test_taken_port_is_reported(account: Account) -> None:
    """A taken port ends the process with a sentence, not with a stack trace."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await run(account, taken.getsockname()[1])
        async with asyncio.timeout(20):
            _, errors = await process.communicate()

    assert process.returncode == 1
    assert errors.startswith(b"Cannot listen on 127.0.0.1:")
    assert b"Traceback" not in errors
