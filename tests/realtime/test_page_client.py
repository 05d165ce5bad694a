"""The page's own client, in TypeScript, against running gateways."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson

from embedded.page import WEB, environment
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.realtime.apps import Talk
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import free_port, gateway

MINE = THEIRS = 60
WITHIN_S = 90.0


async def _run(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run the client's live test in Node; returns the result it writes at its end."""
    assert (WEB / "node_modules").exists(), "install the page's packages first: make page-test"
    result, task_file = folder / "result.json", folder / "task.json"
    task_file.write_bytes(orjson.dumps({**task, "result_path": str(result)}))
    process = await asyncio.create_subprocess_exec(
        "npm", "run", "--silent", "test:live",
        cwd=WEB, env={**environment(), "PARLEY_TASK": str(task_file)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()
    answer: dict[str, Any] = orjson.loads(result.read_bytes())
    return answer


async def test_the_pages_client_survives_the_replacement_of_its_gateway(
    gateways: Gateways,
    connect: Connect,
    talk: Talk,
    store: MongoStore,
    settings: Settings,
    tmp_path: Path,
) -> None:
    """A client whose gateway is replaced while both sides write shows exactly what is stored."""
    port = free_port()
    vendor = await connect(gateways[0], talk.vendor)
    async with AsyncExitStack() as running:
        first = await running.enter_async_context(AsyncExitStack())
        one = await first.enter_async_context(gateway(settings, "realtime-5", port))
        task = {
            "url": one.url,
            "account": {"id": talk.customer.id, "role": "customer", "email": "", "name": "C"},
            "token": talk.customer.token,
            "conversation_id": talk.id,
            "mine": MINE,
            "total": MINE + THEIRS,
        }
        showing = asyncio.create_task(_run(task, tmp_path))
        await _written(store, talk, showing, 10)
        await asyncio.gather(
            vendor.send_many(talk, range(THEIRS), in_flight=2),
            _replace(first, running, settings, port),
        )
        result = await showing

    kept = await store.entries.after(talk.id, 0, 400)
    assert [entry.sequence for entry in kept] == list(range(1, MINE + THEIRS + 1))
    assert result["ids"] == [entry.id for entry in kept]
    assert result["connections"] >= 2


async def _written(store: MongoStore, talk: Talk, by: "asyncio.Task[Any]", count: int) -> None:
    """Wait until the client has written this many messages."""
    async with asyncio.timeout(WITHIN_S):
        while not by.done() and (await store.entries.heads([talk.id]))[talk.id] < count:  # noqa: ASYNC110 # the store's state
            await asyncio.sleep(0.005)


async def _replace(
    first: AsyncExitStack, running: AsyncExitStack, settings: Settings, port: int
) -> None:
    """Drain a gateway, then start another one at its address."""
    await first.aclose()
    await running.enter_async_context(gateway(settings, "realtime-6", port))
