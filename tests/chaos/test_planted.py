"""The checker finds faults that real gateways have, not only those of records made by hand."""

import signal

from tests.chaos.checker import violations
from tests.chaos.effect_checker import effect_violations
from tests.chaos.faults import A_WHILE, SOME_EFFECTS
from tests.chaos.load import Load
from tests.chaos.planted import NAMES, planted, planted_rest
from tests.journeys.site import Site


def rules_broken(load: Load) -> set[str]:
    """The rules that the record of this load breaks."""
    return {each.rule for each in violations(load.history.events)}


async def test_an_acknowledgement_before_the_write_is_found(site: Site) -> None:
    """A gateway acknowledges first, and is killed: what was acknowledged is not stored."""
    async with planted(site, "acknowledges_early") as (load, supervisor):
        async with load.running():
            await load.acknowledged(A_WHILE)
            supervisor.kill(NAMES[0], signal.SIGKILL)
            await load.acknowledged(A_WHILE)
        assert "durable" in rules_broken(load)


async def test_a_message_stored_twice_is_found(site: Site) -> None:
    """Nobody knows a resend again: it stands in the conversation a second time."""
    async with planted(site, "stores_twice") as (load, _):
        async with load.running():
            await load.acknowledged(A_WHILE)
        assert "once" in rules_broken(load)


async def test_a_lost_push_that_nobody_looks_for_is_found(site: Site) -> None:
    """Announcements get lost and no head is looked at: who stayed connected misses entries."""
    async with planted(site, "loses_pushes") as (load, _):
        async with load.running():
            await load.acknowledged(2 * A_WHILE)
        assert "caught up" in rules_broken(load)


async def test_a_key_that_holds_nothing_is_found(site: Site) -> None:
    """A `rest` takes every key for free: who repeats a request has drafted a second RFI."""
    async with planted_rest(site, "frees_keys") as load, load.running():
        await load.done(SOME_EFFECTS)
    assert "once" in {each.rule for each in effect_violations(load.history.events)}
