"""The quickest attacks at the default limits, against real processes behind the real entry."""

from collections import Counter

import pytest

from embedded.running import Running
from tests.abuse.play import People, play

SECONDS = 4.0
PLAYS = 3


@pytest.mark.parametrize("attack", ["unknown names", "bad ids", "big frames", "half sent bodies"])
async def test_nothing_that_a_client_sends_holds_an_event_loop(
    unscaled: Running, found: People, attack: str
) -> None:
    """No loop takes more than 20 ms of CPU time at a stretch, and good clients are served.

    What the attack itself causes it causes each time; a collection of garbage on a busy machine can
    hold a loop for as long once, so it has three plays.
    """
    for _ in range(PLAYS):
        outcome = await play(unscaled, found, attack, SECONDS)
        assert sum(outcome.seen.values()) > 10, "the attack did not take place"
        assert outcome.felt.failures == []
        assert len(outcome.felt.took_ms) > 10
        if set(outcome.holds.values()) == {0}:
            return
    raise AssertionError(f"loops were held in each of {PLAYS} plays, in the last: {outcome.holds}")


async def test_a_flood_from_an_address_is_kept_away(unscaled: Running, found: People) -> None:
    """Sockets opened without end are refused by the entry; good people connect and talk."""
    seen: Counter[str] = Counter()
    for _ in range(PLAYS):  # 500 at once are let in, and 50 a second: a busy machine takes its time
        outcome = await play(unscaled, found, "polling opens", 8.0)
        assert outcome.felt.failures == []
        seen.update(outcome.seen)
        if seen["429"]:
            return
    raise AssertionError(f"nobody was refused: {dict(seen)}")
