"""How much one account may ask for."""

from dataclasses import replace
from typing import Any

import pytest

from marketplace.actions import rfis
from marketplace.domain.accounts import Actor
from marketplace.domain.policy import Policy
from marketplace.domain.rfis import Rfi
from marketplace.errors import Code, ParleyError
from tests.builders import rfi_content
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


def grant(stage: Stage, **quotas: Any) -> None:
    """Set the quotas."""
    stage.world = replace(stage.world, policy=replace(Policy(), **quotas))


async def a_draft(stage: Stage, customer: Actor, **content: object) -> Rfi:
    """A draft of this customer."""
    return await rfis.draft(stage.world, customer, rfi_content(**content))


async def test_open_rfis_of_an_account_are_limited(stage: Stage) -> None:
    """Another RFI is refused until one has ended; drafts and other accounts do not count."""
    grant(stage, most_open_rfis=2)
    customer = await stage.customer()
    first, _ = [await stage.submitted(customer) for _ in range(2)]
    draft = await a_draft(stage, customer)

    assert await refused(rfis.submit(stage.world, customer, draft.id, 1)) is Code.AT_CAPACITY
    await stage.submitted(await stage.customer())
    await rfis.withdraw(stage.world, customer, first.id, 2)
    submitted = await rfis.submit(stage.world, customer, draft.id, 1)

    assert submitted.state == "open"


async def test_requested_vendors_of_an_account_are_limited(stage: Stage) -> None:
    """The quota holds for many RFIs, for a large one, and for enlarging an open one."""
    grant(stage, most_vendor_places=12)
    customer = await stage.customer()
    rfi = await stage.submitted(customer, max_vendors=5)
    draft = await a_draft(stage, customer, max_vendors=8)

    assert await refused(rfis.submit(stage.world, customer, draft.id, 1)) is Code.AT_CAPACITY
    larger = rfis.revise(stage.world, customer, rfi.id, 2, {"max_vendors": 13})
    assert await refused(larger) is Code.AT_CAPACITY
    revised = await rfis.revise(stage.world, customer, rfi.id, 2, {"max_vendors": 12})

    assert revised.max_vendors == 12


async def test_submissions_of_an_account_are_limited_per_day(stage: Stage) -> None:
    """Withdrawing does not return a submission; the refusal says when the next is possible."""
    grant(stage, most_submissions_a_day=2)
    customer = await stage.customer()
    for _ in range(2):
        rfi = await stage.submitted(customer)
        await rfis.withdraw(stage.world, customer, rfi.id, 2)
        stage.clock.advance(hours=6)
    draft = await a_draft(stage, customer)

    with pytest.raises(ParleyError) as found:
        await rfis.submit(stage.world, customer, draft.id, 1)
    stage.clock.advance(hours=12)
    submitted = await rfis.submit(stage.world, customer, draft.id, 1)

    assert found.value.code is Code.RATE_LIMITED
    assert found.value.retry_after_ms == 12 * 3_600_000
    assert submitted.state == "open"


def test_quotas_follow_the_scale() -> None:
    """Scaling keeps at least one of each quota and does not change the lifetime of offers."""
    policy = Policy(most_open_rfis=10, most_vendor_places=100, most_submissions_a_day=20)

    assert policy.scaled(1_000).most_open_rfis == 10_000
    least = policy.scaled(0.001)
    assert (least.most_open_rfis, least.most_vendor_places, least.most_submissions_a_day) == (
        1, 1, 1
    )  # fmt: skip
    assert least.offer_lifetime == policy.offer_lifetime
