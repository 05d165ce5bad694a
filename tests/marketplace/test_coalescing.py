"""Requests that arrive during a read are batched into the next; none gets an earlier answer."""

import asyncio
from dataclasses import dataclass, field

import pytest

from marketplace import coalescing
from marketplace.coalescing import Coalescer
from marketplace.errors import TemporaryError


@dataclass
class Source:
    """Returns each key's current value, `<key><version>`, once a test lets it."""

    version: int = 1
    reads: list[list[str]] = field(default_factory=list)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    error: Exception | None = None

    async def read(self, keys: list[str]) -> dict[str, str]:
        """Read now and answer when the gate opens; the key "nothing" has no value."""
        self.reads.append(keys)
        seen, error = self.version, self.error
        await self.gate.acquire()
        if error is not None:
            raise error
        return {key: f"{key}{seen}" for key in keys if key != "nothing"}


async def begun(source: Source, reads: int) -> None:
    """Wait until `reads` reads have begun."""
    async with asyncio.timeout(5):
        while len(source.reads) < reads:  # noqa: ASYNC110 # a plain list
            await asyncio.sleep(0)


def ask(coalescer: Coalescer[str, str], *keys: str) -> "list[asyncio.Task[str | None]]":
    """Request keys, each in its own task."""
    return [asyncio.create_task(coalescer.one(key)) for key in keys]


async def test_requests_during_a_read_share_the_next() -> None:
    """The first read starts at once; all requests that arrive while it runs share the next one."""
    source = Source()
    coalescer = Coalescer(source.read)
    first = ask(coalescer, "a")
    await begun(source, 1)
    rest = ask(coalescer, "b", "c", "b", "nothing")
    await asyncio.sleep(0)
    for _ in range(2):
        source.gate.release()

    assert await asyncio.gather(*first, *rest) == ["a1", "b1", "c1", "b1", None]
    assert source.reads == [["a"], ["b", "c", "nothing"]]


async def test_a_request_is_never_answered_by_an_earlier_read() -> None:
    """A request for a key that is being read gets a value read after the request."""
    source = Source()
    coalescer = Coalescer(source.read)
    before = ask(coalescer, "a")
    await begun(source, 1)
    source.version = 2
    after = ask(coalescer, "a")
    await asyncio.sleep(0)
    for _ in range(2):
        source.gate.release()

    assert await asyncio.gather(*before, *after) == ["a1", "a2"]


async def test_a_failed_read_fails_only_its_own_requests() -> None:
    """A failed read raises the source's error for its own requests; the next batch is served."""
    source = Source(error=TemporaryError("away"))
    coalescer = Coalescer(source.read)
    failing = ask(coalescer, "a", "a", "b")
    await begun(source, 1)
    source.error = None
    served = ask(coalescer, "a")
    await asyncio.sleep(0)
    for _ in range(2):
        source.gate.release()

    outcomes = await asyncio.gather(*failing, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["away"] * 3
    assert await served[0] == "a1"


async def test_a_cancelled_request_does_not_affect_others() -> None:
    """Of two requests for one key, one is cancelled and the other gets the value."""
    source = Source()
    coalescer = Coalescer(source.read)
    leaving, staying = ask(coalescer, "a", "a")
    await begun(source, 1)
    leaving.cancel()
    source.gate.release()

    assert await staying == "a1"
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_round_trip_is_bounded() -> None:
    """No read exceeds the maximum number of keys; the rest goes into the following reads."""
    source = Source(gate=asyncio.Semaphore(100))
    coalescer = Coalescer(source.read, max_keys=3)

    found = await coalescer.many(["a", "b", "c", "d", "nothing", "e", "f"])

    assert found == {key: f"{key}1" for key in "abcdef"}
    assert source.reads == [["a", "b", "c"], ["d", "nothing", "e"], ["f"]]


async def test_waiting_keys_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound, a new key is refused as temporary; one that is already waiting is not."""
    monkeypatch.setattr(coalescing, "MAX_WAITING_KEYS", 2)
    source = Source()
    coalescer = Coalescer(source.read)
    waiting = ask(coalescer, "a", "b", "b", "c")
    await begun(source, 1)
    for _ in range(2):
        source.gate.release()

    *served, refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert served == ["a1", "b1", "b1"]
    assert isinstance(refused, TemporaryError)
