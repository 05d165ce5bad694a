"""A session over a transport that only records."""

import pytest

from tests.realtime.transport.websocket.sessions import Session


@pytest.fixture
async def side() -> Session:
    """A session whose handshake was answered."""
    return Session()
