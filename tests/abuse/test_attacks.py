"""The quickest attacks at the default limits, against real processes behind the real nginx."""

import pytest

from embedded.servers.running import Running
from tests.abuse.play import People, play

SECONDS = 4.0
PLAYS = 3
# A burst of large bodies that are read in one turn of the loop adds up: 3 ms for each 360 kB.
MOST_HOLDS = 3


@pytest.mark.parametrize("attack", ["unknown names", "bad ids", "big frames", "half sent bodies"])
async def test_no_client_can_block_an_event_loop(
    unscaled: Running, seeded: People, attack: str
) -> None:
    """Loops are blocked for 20 ms of CPU time only in a first burst; good clients are served.

    What the attack itself causes, it causes each time. A garbage collection on a busy machine can
    block a loop for as long, once, so the attack has three plays.
    """
    for _ in range(PLAYS):
        outcome = await play(unscaled, seeded, attack, SECONDS)
        assert sum(outcome.seen.values()) > 10, "the attack did not take place"
        assert outcome.felt.failures == []
        assert len(outcome.felt.took_ms) > 10
        if max(outcome.loop_blocks.values()) <= MOST_HOLDS:
            return
    raise AssertionError(
        f"loops were held in each of {PLAYS} plays, in the last: {outcome.loop_blocks}"
    )


async def test_a_flood_of_new_sockets_locks_nobody_else_out(
    unscaled: Running, seeded: People
) -> None:
    """While two addresses open sockets without end, good people connect and talk.

    `tests/nginx/test_limits.py` covers that nginx refuses such an address; whether this attack is
    fast enough for that depends on the machine.
    """
    outcome = await play(unscaled, seeded, "polling opens", 8.0)

    assert sum(outcome.seen.values()) > 100, "the attack did not take place"
    assert outcome.felt.failures == []
