"""The `parley` command."""

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from embedded import status as state
from embedded.errors import StackError
from embedded.paths import Paths, from_environment
from embedded.stack import Stack
from marketplace import tasks
from marketplace.environment import read
from marketplace.errors import SettingsError
from nginx.settings import http_port_setting


@dataclass(frozen=True, slots=True)
class _Settings:
    http_port: int = http_port_setting()


@click.group(help="Parley on one machine: real servers, every process, one address.")
def main() -> None:
    """Silence client libraries, which log every refused connection while servers start."""
    for noisy in ("aiokafka", "pymongo"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)


@main.command(help="Start everything without demo data. Press Ctrl-C to stop.")
def up() -> None:
    """Run the stack until SIGTERM, SIGHUP or Ctrl-C."""
    _run(with_demo=False)


@main.command(help="Start everything with demo accounts and conversations. Press Ctrl-C to stop.")
def demo() -> None:
    """Run the stack with demo data until SIGTERM, SIGHUP or Ctrl-C."""
    _run(with_demo=True)


@main.command(help="List the processes and servers of the running stack.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def status(*, as_json: bool) -> None:
    """Print name, process id, address and health of each; exit code 1 if nothing is running."""
    entries = asyncio.run(state.read(_paths()))
    if as_json:
        print(json.dumps(entries, indent=1))
    else:
        for entry in entries:
            health = "healthy" if entry["healthy"] else "NOT HEALTHY"
            print(f"{entry['name']:<12} {entry['pid'] or '-':>8}  {health:<12} {entry['url']}")
    if not entries:
        _fail(f"No stack is running in {_paths().data}. Start one with `parley up`.")


@main.command(help="Create conversations on the running stack, for load tests.")
@click.option(
    "--conversations",
    type=click.IntRange(min=1),
    required=True,
    help="Number of conversations to create.",
)
@click.option(
    "--json",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File that receives their ids and tokens.",
)
def seed(conversations: int, file: Path) -> None:
    """Seed the running stack."""
    from embedded.demo.seed import seed as run_seed  # noqa: PLC0415 (slow to import, needed here only)

    try:
        run_seed(conversations, file.resolve())
    except StackError as error:
        _fail(str(error))


@main.command(help="Start a new epoch after MongoDB was restored from a backup (docs/restore.md).")
def restored() -> None:
    """Start a new epoch of all feeds, on the running stack or on the MongoDB of MONGODB_URL."""
    from embedded.restored import restored as run_restored  # noqa: PLC0415 (slow to import, needed here only)

    try:
        run_restored(os.environ, _say)
    except StackError as error:
        _fail(str(error))


def _run(*, with_demo: bool) -> None:
    try:
        asyncio.run(_run_until_signal(with_demo=with_demo))
    except StackError as error:
        _fail(str(error))


async def _run_until_signal(*, with_demo: bool) -> None:
    """Start the stack, announce that it is ready, wait for a signal, stop everything in order."""
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, signalled.set)
    started_at = time.monotonic()
    async with Stack(_paths(), _http_port(), os.environ, _say) as stack:
        starting = tasks.held(_start(stack, with_demo=with_demo))
        waiting = tasks.held(signalled.wait())
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not signalled.is_set():
            await starting
            _say(f"everything is ready after {time.monotonic() - started_at:.1f} s")
            _announce(stack, with_demo=with_demo)
            await waiting
        starting.cancel()
        waiting.cancel()
        await asyncio.gather(starting, waiting, return_exceptions=True)
        _say("stopping")
    _say("stopped")


async def _start(stack: Stack, *, with_demo: bool) -> None:
    await stack.start()
    if with_demo:
        await stack.load_demo()


def _announce(stack: Stack, *, with_demo: bool) -> None:
    """Print the line that says the stack is ready, and what a person needs to begin."""
    logins: Iterable[tuple[str, str, str]] = ()
    if with_demo:
        from embedded.demo.data import LOGINS as logins  # noqa: N811, PLC0415 (slow to import)
    print(f"Parley is ready: {stack.url}")
    for role, email, password in logins:
        print(f"  {role:<10} {email}  {password}")
    if stack.sandbox_url:
        print(f"  Outgoing SMS and email (sandbox): {stack.sandbox_url}/")
    print("Press Ctrl-C to stop everything.", flush=True)


def _paths() -> Paths:
    return from_environment(os.environ)


def _http_port() -> int:
    try:
        return read(_Settings, os.environ).http_port
    except SettingsError as error:
        raise StackError(str(error)) from error


def _say(line: str) -> None:
    print(line, flush=True)


def _fail(sentence: str) -> NoReturn:
    sys.exit(sentence)
