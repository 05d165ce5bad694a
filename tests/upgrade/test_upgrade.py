"""A short sample of the full `make upgrade-test`."""

import pytest

from tests.upgrade.rolling import Update, play, stack_of_the_previous_version
from tests.upgrade.versions import has_history


async def half_way(update: Update) -> None:
    """Replace one gateway, one REST process, matching and the relay; then kill the other gateway."""
    for name in ("realtime-1", "rest-1", "matching", "relay"):
        await update.replace(name, update.after)
    await update.town.submit()
    await update.town.award()
    await update.town.replace()
    await update.kill("realtime-2")


@pytest.mark.skipif(not has_history(), reason="a shallow clone has no previous version")
async def test_an_update_with_two_versions_loses_nothing() -> None:
    """Nothing acknowledged is lost, duplicated or reordered, and every RFI is matched once."""
    with stack_of_the_previous_version() as (stack, before, after):
        outcome = await play(stack, before, after, half_way)

    assert outcome.violations == ()
    assert outcome.acknowledged > 500
