"""Play every scenario in full on a separate stack, and write the table: `make chaos`."""

import asyncio
import sys

from embedded.servers.running import Running
from embedded.stack import running
from tests.chaos import results
from tests.chaos.scenarios import SCENARIOS, Outcome, play
from tests.journeys.site import opened

CONVERSATIONS, FEEDS = 20, 4


async def main(stack: Running, wanted: list[str]) -> list[Outcome]:
    """Play the scenarios whose names contain one of the words, or all without any words."""
    outcomes = []
    async with opened(stack) as site:
        for name, (_, rounds) in SCENARIOS.items():
            if wanted and not any(word in name for word in wanted):
                continue
            print(f"{name} …", flush=True)
            sizes = {"conversations": CONVERSATIONS, "feeds": FEEDS}
            outcome, _ = await play(site, name, rounds=rounds, **sizes)
            print(
                f"  {outcome.took_s:.0f} s, {outcome.acknowledged:,} acknowledged, "
                f"{outcome.longest_silence_s:.1f} s without an acknowledgement at most, "
                f"{len(outcome.violations)} violations",
                flush=True,
            )
            for violation in outcome.violations:
                print(f"  {violation}", flush=True)
            outcomes.append(outcome)
    return outcomes


if __name__ == "__main__":
    given = sys.argv[1:]
    with running(environment={"PARLEY_LIMIT_SCALE": "1000"}) as started:
        played = asyncio.run(main(started, given))
    if not given:
        results.write(played)
    sys.exit(any(outcome.violations for outcome in played))
