"""A reader that stops reading, in a busy conversation."""

from itertools import cycle

from tests.chaos.app import App
from tests.chaos.history import Ended
from tests.chaos.load import Load
from tests.journeys.site import GATEWAYS, Site
from tests.journeys.waiting import eventually

# More than the gateway's bound and all system buffers together, in letters of 7.5 kB.
_LETTERS, _LETTER = 1_500, "A long letter. " * 500


async def look_away(site: Site, load: Load, rounds: int) -> None:
    """An app stops reading its socket while 11 MB are pushed to it, then reads on."""
    talk = load.talks[0]
    for number, gateway in zip(range(rounds), cycle(GATEWAYS), strict=False):
        reader = load.app(f"slow-reader-{number}", talk.people[1], site.running.url(gateway))
        writer = load.app(f"letter-writer-{number}", talk.people[0])
        await load.all_joined()
        await _read_nothing_of(load, reader, writer)


async def _read_nothing_of(load: Load, reader: App, writer: App) -> None:
    wire = reader.wire
    assert wire is not None
    wire.stop_reading()
    for _ in range(_LETTERS):
        await writer.say(_LETTER)
        await writer.unacknowledged.has_room()
    wire.read_on()

    async def is_back() -> bool:
        return reader.is_joined and reader.wire is not wire

    await eventually(is_back)
    (ended,) = (event for event in load.history.of(Ended) if event.connection == wire.name)
    assert "by the app" not in ended.reason, ended
