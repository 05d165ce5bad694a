"""Runs Node scripts in tests; the exit code is the verdict.

The script gets one line of JSON on its standard input. It can request actions by writing lines to
its output, and each request is answered with a line.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from embedded.page import WEB, environment

WITHIN_S = 60.0
Grant = Callable[[], Awaitable[None]]


async def run(script: Path, task: Mapping[str, Any], grants: Mapping[str, Grant]) -> None:
    """Run a script of this checkout; the page's packages must be installed.

    The script requests an action by writing its name on a line of its output. The function under
    that name in `grants` is awaited, then the script gets `true`. Fails with the script's standard
    error if the script exits with an error or runs for more than a minute.
    """
    packages = WEB / "node_modules" / "socket.io-client"
    assert packages.exists(), "install the page's packages first: make page-test"
    process = await asyncio.create_subprocess_exec(
        "node", str(script), env=environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stderr is not None
    complaints = asyncio.create_task(process.stderr.read())
    try:
        async with asyncio.timeout(WITHIN_S):
            await _converse(process, task, grants)
            assert await process.wait() == 0, (await complaints).decode()
    except TimeoutError:
        process.kill()
        raise AssertionError(f"not done in {WITHIN_S} s: {(await complaints).decode()}") from None
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await complaints
        process.stdin.close()
        with suppress(ConnectionError):
            await process.stdin.wait_closed()


async def _converse(
    process: asyncio.subprocess.Process, task: Mapping[str, Any], grants: Mapping[str, Grant]
) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(orjson.dumps(task) + b"\n")
    async for line in process.stdout:
        await grants[orjson.loads(line)]()
        process.stdin.write(b"true\n")
