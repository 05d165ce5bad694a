"""A short sample of the full `make chaos`."""

from collections import Counter

import pytest

from tests.chaos.deadlines import BURST
from tests.chaos.effects import Done
from tests.chaos.history import History, ItemPushed, ItemsRead
from tests.chaos.relayed import check_kafka
from tests.chaos.scenarios import Outcome, play
from tests.chaos.uploads import Uploaded, Used
from tests.journeys.site import Site

SAID = 200  # a scenario waits for 300, some of which may be answered twice or not at all


def check_outcome(outcome: Outcome) -> None:
    """Check that nothing was lost, doubled, reordered or invented in a busy run."""
    assert outcome.violations == ()
    assert outcome.acknowledged > SAID
    assert outcome.pushes > SAID
    assert outcome.reconnects > 0
    assert outcome.resent > 0


def check_feeds(history: History) -> None:
    """Check that accounts were told things, and that their apps were pushed them by number."""
    reads = list(history.of(ItemsRead))
    pushed_to = {event.account_id for event in history.of(ItemPushed)}
    assert reads
    assert pushed_to == {read.account_id for read in reads}


async def test_killing_gateways_in_turn_loses_duplicates_and_reorders_nothing(site: Site) -> None:
    """`kill -9` of one and then the other while people talk; Kafka has the same entries in the end."""
    outcome, history = await play(site, "gateways killed in turn")

    check_outcome(outcome)
    check_feeds(history)
    await check_kafka(site, history)


async def test_cutting_redis_subscriptions_loses_no_push(site: Site) -> None:
    """Redis repeatedly cuts every publish/subscribe connection: everything is pushed all the same."""
    outcome, history = await play(site, "subscriptions cut")

    check_outcome(outcome)
    check_feeds(history)


async def test_killing_mongod_during_writes_loses_nothing_acknowledged(
    site: Site,
) -> None:
    """`kill -9` of the server: acknowledged entries are there when it is back, once and in order."""
    outcome, history = await play(site, "mongod killed")

    check_outcome(outcome)
    check_feeds(history)


@pytest.mark.long
async def test_killing_whoever_handles_timers_leaves_each_effect_single(site: Site) -> None:
    """`kill -9` of `matching`, `notify`, the relay and mongod, each while offers expire."""
    outcome, history = await play(site, "timers fall due", conversations=4, feeds=1)

    assert outcome.violations == ()
    effects = Counter(event.effect.kind for event in history.of(Done))
    assert effects == {"expire": 4 * BURST, "warn": 4 * BURST}


async def test_killing_rest_in_turn_applies_each_effect_once(site: Site) -> None:
    """`kill -9` of one `rest` and then the other while people trade through them."""
    outcome, history = await play(site, "rest killed in turn", conversations=2, feeds=1, traders=3)

    assert outcome.violations == ()
    assert outcome.resent > 0
    check_feeds(history)
    kinds = {event.effect.kind for event in history.of(Done)}
    assert kinds >= {"draft", "submit", "revise", "accept", "message", "quote"}


async def test_killing_rest_during_uploads_loses_no_file_and_leaves_none(site: Site) -> None:
    """`kill -9` while files arrive: what was acknowledged is whole, what was not is swept."""
    name = "rest killed during uploads"
    outcome, history = await play(site, name, conversations=2, feeds=1, uploaders=4)

    assert outcome.violations == ()
    uploaded, used = len(list(history.of(Uploaded))), len(list(history.of(Used)))
    assert uploaded > used > 0
