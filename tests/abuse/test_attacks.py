"""The quickest attacks at the default limits, against real processes behind the real entry."""

import pytest

from embedded.running import Running
from tests.abuse.play import People, play

SECONDS = 4.0


@pytest.mark.parametrize("attack", ["unknown names", "bad ids", "big frames", "half sent bodies"])
async def test_nothing_that_a_client_sends_holds_an_event_loop(
    unscaled: Running, found: People, attack: str
) -> None:
    """No loop takes more than 20 ms of CPU time at a stretch, and good clients are served."""
    outcome = await play(unscaled, found, attack, SECONDS)

    assert sum(outcome.seen.values()) > 10, "the attack did not take place"
    assert set(outcome.holds.values()) == {0}
    assert outcome.felt.failures == []
    assert len(outcome.felt.took_ms) > 10


async def test_a_flood_from_an_address_is_kept_away(unscaled: Running, found: People) -> None:
    """Sockets opened without end are refused by the entry; good people connect and talk."""
    outcome = await play(unscaled, found, "polling opens", 8.0)

    assert outcome.seen["429"] > 0
    assert outcome.felt.failures == []
