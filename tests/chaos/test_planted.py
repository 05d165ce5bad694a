"""The checker finds faults of real gateways, and not only those in hand-made records."""

import signal

import pytest

from tests.chaos.checker import violations
from tests.chaos.effect_checker import effect_violations
from tests.chaos.faults import A_WHILE, SOME_EFFECTS
from tests.chaos.load import Load
from tests.chaos.planted import NAMES, planted, planted_rest
from tests.journeys.site import Site


def rules_broken(load: Load) -> set[str]:
    """The rules that the record of this load breaks."""
    return {violation.rule for violation in violations(load.history.events)}


@pytest.mark.long
async def test_an_acknowledgement_before_the_write_is_found(site: Site) -> None:
    """A gateway acknowledges first, and is killed: an acknowledged message is not stored."""
    async with planted(site, "acknowledges_early") as (load, supervisor):
        async with load.running():
            await load.acknowledged(A_WHILE)
            supervisor.kill(NAMES[0], signal.SIGKILL)
            await load.acknowledged(A_WHILE)
        assert "durable" in rules_broken(load)


@pytest.mark.long
async def test_a_message_stored_twice_is_found(site: Site) -> None:
    """No resend is recognised: the message is in the conversation a second time."""
    async with planted(site, "stores_twice") as (load, _):
        async with load.running():
            await load.acknowledged(A_WHILE)
        assert "once" in rules_broken(load)


@pytest.mark.long
async def test_a_lost_push_is_found_when_heads_go_unchecked(site: Site) -> None:
    """Announcements are lost and no head is checked: apps that stay connected miss entries."""
    async with planted(site, "loses_pushes") as (load, _):
        async with load.running():
            await load.acknowledged(2 * A_WHILE)
        assert "caught up" in rules_broken(load)


async def test_an_idempotency_key_that_is_ignored_is_found(site: Site) -> None:
    """A `rest` treats every key as unused: a repeated request drafts a second RFI."""
    async with planted_rest(site, "frees_keys") as load, load.running():
        await load.done(SOME_EFFECTS)
    assert "once" in {violation.rule for violation in effect_violations(load.history.events)}
