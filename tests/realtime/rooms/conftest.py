"""An empty room over a store and a transport that record."""

import pytest

from realtime.room import Room
from tests.realtime.rooms.recorders import ROOM, Feed, Transport


@pytest.fixture
def transport() -> Transport:
    """A transport that records what is pushed."""
    return Transport()


@pytest.fixture
def feed() -> Feed:
    """The store that the room reads."""
    return Feed()


@pytest.fixture
def room(feed: Feed, transport: Transport) -> Room:
    """An empty room."""
    return Room(ROOM, feed, transport)
