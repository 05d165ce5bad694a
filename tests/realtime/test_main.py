"""The process `python -m realtime` becomes ready, serves, and stops at SIGTERM without a loss."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from socketio.exceptions import SocketIOError

from marketplace.live import Subscriber
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from realtime.gateway import Gateway
from realtime.rooms import Rooms
from realtime.transport.websocket.wheel import Wheel
from tests.docs.documents import DOCS, only_span, read, rows
from tests.realtime.apps import App, Talk, a_talk
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import free_port, gateway

CHECKOUT = Path(__file__).parents[2]


class Service:
    """A running `python -m realtime`."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    async def ready(self) -> None:
        """Wait until the process reports that it is ready."""
        async with asyncio.timeout(30), aiohttp.ClientSession() as http:
            while self.process.returncode is None:
                try:
                    async with http.get(f"{self.url}/health/ready") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)
        raise AssertionError(self.log.read_text())


@asynccontextmanager
async def service(settings: Settings, log: Path) -> AsyncIterator[Service]:
    """Start the process, and kill it at the end if it still runs."""
    port = free_port()
    environment = {
        "MONGODB_URL": settings.mongodb_url,
        "MONGODB_DATABASE": settings.mongodb_database,
        "REDIS_URL": settings.redis_url,
        "PARLEY_TOKEN_SECRET": settings.token_secret,
        "PARLEY_BIND_PORT": str(port),
        "PARLEY_LIMIT_SCALE": "1000",
        "PARLEY_PROCESS_NAME": "realtime-9",
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "realtime",
            cwd=CHECKOUT, env={**os.environ, **environment}, stdout=output, stderr=output,
        )  # fmt: skip
    started = Service(process, f"http://127.0.0.1:{port}", log)
    try:
        await started.ready()
        yield started
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _send_until_closed(app: App, talk: Talk) -> list[dict[str, object]]:
    """Send until the connection closes; returns the messages acknowledged by then.

    Every message sent is answered: with an acknowledgement, or with `draining` once it is this
    connection's turn to close.
    """
    acknowledged: list[dict[str, object]] = []

    async def send(number: int) -> None:
        answer = await app.call("send_message", talk.says(number))
        if answer["ok"]:
            acknowledged.append(answer["message"])
        else:
            assert answer["error"]["code"] == "draining"

    number = 0
    while app.client.connected:
        calls = [send(number + offset) for offset in range(5)]
        number += 5
        whole = asyncio.gather(*calls, return_exceptions=True)
        ending = asyncio.create_task(app.closed())
        both: list[asyncio.Future[Any]] = [whole, ending]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not whole.done():
            whole.cancel()
            await asyncio.gather(whole, return_exceptions=True)
            break
        for outcome in whole.result():
            assert outcome is None or isinstance(outcome, SocketIOError), outcome
    return acknowledged


async def test_sigterm_during_sends_loses_nothing_acknowledged(
    gateways: Gateways, connect: Connect, talk: Talk, settings: Settings, tmp_path: Path
) -> None:
    """The process exits with 0, loses no acknowledged message, and the app continues elsewhere."""
    async with service(settings, tmp_path / "realtime-9.log") as leaving:
        app = await connect(leaving, talk.customer)
        await app.ok("join_conversation", talk.named())
        sending = asyncio.create_task(_send_until_closed(app, talk))
        await app.has_up_to(40)

        leaving.process.send_signal(signal.SIGTERM)
        acknowledged = await asyncio.wait_for(sending, 30)
        async with asyncio.timeout(15):
            assert await leaving.process.wait() == 0, leaving.log.read_text()
        log = leaving.log.read_text()

    elsewhere = await connect(gateways[0], talk.customer)
    seen = app.sequences()
    snapshot = await elsewhere.ok("join_conversation", talk.named(after_sequence=seen[-1]))
    numbers = seen + [entry["sequence"] for entry in snapshot["entries"]]
    assert numbers == list(range(1, snapshot["head"] + 1))
    kept = await gateways[0].parts.store.entries.after(talk.id, 0, 10_000)
    assert len(acknowledged) >= 35
    assert {message["id"] for message in acknowledged} <= {entry.id for entry in kept}
    assert len({entry.client_message_id for entry in kept}) == len(kept)
    resent = await elsewhere.ok("send_message", talk.says(0))
    assert resent["message"]["sequence"] <= 5

    lines = [orjson.loads(line) for line in log.splitlines()]
    assert lines[-1]["message"] == "stopped"
    assert [line for line in lines if "exception" in line or line["level"] == "error"] == []
    assert talk.customer.token not in log


async def test_a_gateway_exports_exactly_the_documented_metrics(
    connect: Connect, talk: Talk, settings: Settings, tmp_path: Path
) -> None:
    """A gateway exports exactly the documented metrics, and they count what happens.

    These are the metrics of gateways, of event loops and of every process.
    """
    listed = {
        only_span(row.cells["Metric"])
        for row in rows(read(DOCS / "metrics.md"))
        if row.section in ("Gateways", "Every process", "Event loops")
    }
    async with (
        service(settings, tmp_path / "realtime-9.log") as running,
        aiohttp.ClientSession() as http,
    ):
        app = await connect(running, talk.customer)
        await app.ok("join_conversation", talk.named(after_sequence=0))
        await app.ok("send_message", talk.says("m-1"))
        await app.has_up_to(1)
        async with http.get(f"{running.url}/metrics") as answer:
            text = await answer.text()

    exported = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP parley_")}
    assert exported == listed
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("parley_"))
    for name in (
        "parley_connections",
        "parley_mongodb_answers",
        "parley_fan_out_seconds_count",
        'parley_calls_total{call="send_message",code="ok"}',
        'parley_resumes_total{call="join_conversation"}',
    ):
        assert float(values[name]) == 1.0, name


async def test_invalid_settings_end_the_process_with_one_sentence(tmp_path: Path) -> None:
    """A wrong setting ends the process with a sentence that names it, without a stack trace."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "realtime",
        cwd=CHECKOUT, env={**os.environ, "PARLEY_TOKEN_SECRET": "short"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 1
    assert b"PARLEY_TOKEN_SECRET" in output
    assert b"Traceback" not in output


@pytest.mark.parametrize(
    "broken",
    [
        (Wheel, "turn_for_ever"),
        (Rooms, "check_heads_for_ever"),
        (Gateway, "_check_expiry_for_ever"),
        (Subscriber, "_listen_for_ever"),
    ],
    ids=lambda broken: str(broken[1]),
)
async def test_a_gateway_whose_background_work_ends_drains(
    broken: tuple[type, str],
    connect: Connect,
    settings: Settings,
    module_store: MongoStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gateway whose background work fails is at once unready, sends its apps away, and exits."""
    may_fail = asyncio.Event()

    async def fail(_: object) -> None:
        await may_fail.wait()
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(*broken, fail)
    talk = await a_talk(module_store, settings)
    async with gateway(replace(settings, limit_scale=1_000.0), "realtime-8") as running:
        app = await connect(running, talk.customer)
        may_fail.set()

        await asyncio.wait_for(running.process.stopping.wait(), 5)
        assert (await running.ready())[0] == 503
        await app.closed()
        await asyncio.wait_for(running.task, 15)

    assert running.process.failed is not None
    assert [closing["code"] for closing in app.named("connection.closing")] == ["draining"]
