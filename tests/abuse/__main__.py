"""Play every attack on a separate stack, and write the table: `make abuse`."""

import asyncio
import sys

from embedded.servers.running import Running
from embedded.stack import running
from tests.abuse import results
from tests.abuse.attacks import ATTACKS
from tests.abuse.play import Outcome, people, play

SECONDS = 10.0
# What good clients may notice of an attack: 99 of 100 requests are answered within this time.
MAX_P99_MS = 100.0


async def main(stack: Running, wanted: list[str]) -> list[Outcome]:
    """Play the attacks whose names contain one of the words, or all without any words."""
    found = await people(stack)
    outcomes = []
    for name in ATTACKS:
        if wanted and not any(word in name for word in wanted):
            continue
        outcome = await play(stack, found, name, SECONDS)
        print(
            f"{name}: p99 {outcome.felt.p99_ms:.0f} ms, {len(outcome.felt.failures)} failures, "
            f"holds {outcome.loop_blocks}, {outcome.seen}",
            flush=True,
        )
        outcomes.append(outcome)
    return outcomes


if __name__ == "__main__":
    given = sys.argv[1:]
    with running(environment={"PARLEY_LIMIT_SCALE": "1"}) as started:
        played = asyncio.run(main(started, given))
    if not given:
        results.write(played)
    sys.exit(any(outcome.felt.failures or outcome.felt.p99_ms > MAX_P99_MS for outcome in played))
