"""Play every update in full: `make upgrade-test`."""

import asyncio
import sys

from tests.upgrade.rolling import (
    play,
    roll_back,
    roll_forward,
    stack_of_the_previous_version,
    take_over,
)


def main() -> int:
    """Update, roll back, update again, and let relays take over from each other."""
    with stack_of_the_previous_version() as (stack, before, after):
        outcome = asyncio.run(
            play(stack, before, after, roll_forward, roll_back, roll_forward, take_over)
        )
    print(
        f"{outcome.took_s:.0f} s, {outcome.acknowledged:,} acknowledged, {outcome.resent:,} sent "
        f"again, {outcome.reconnects:,} reconnects, {outcome.longest_silence_s:.1f} s without an "
        f"acknowledgement at most, {len(outcome.violations)} violations"
    )
    for violation in outcome.violations:
        print(f"  {violation}")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
