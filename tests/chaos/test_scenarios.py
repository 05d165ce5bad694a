"""A short sample of what `make chaos` plays at length."""

from tests.chaos.effects import Done
from tests.chaos.relayed import kafka_holds
from tests.chaos.scenarios import Outcome, play
from tests.journeys.site import Site

SAID = 200  # a scenario waits for 300, some of which may be told twice or not at all


def nothing_is_wrong(outcome: Outcome) -> None:
    """Nothing was lost, doubled, reordered or invented, and there was much to be."""
    assert outcome.violations == ()
    assert outcome.acknowledged > SAID
    assert outcome.pushes > SAID
    assert outcome.reconnects > 0
    assert outcome.resent > 0


async def test_gateways_killed_in_turn_lose_double_and_reorder_nothing(site: Site) -> None:
    """`kill -9` of one and then the other while people talk; Kafka has the same in the end."""
    outcome, history = await play(site, "gateways killed in turn")

    nothing_is_wrong(outcome)
    await kafka_holds(site, history)


async def test_cut_subscriptions_lose_no_push(site: Site) -> None:
    """Redis cuts every publish/subscribe connection, again and again: all is pushed all the same."""
    outcome, _ = await play(site, "subscriptions cut")

    nothing_is_wrong(outcome)


async def test_mongod_killed_in_the_middle_of_the_writes_loses_nothing_acknowledged(
    site: Site,
) -> None:
    """`kill -9` of the server: what was acknowledged is there when it is back, once and in order."""
    outcome, _ = await play(site, "mongod killed")

    nothing_is_wrong(outcome)


async def test_rest_killed_in_turn_has_each_effect_once(site: Site) -> None:
    """`kill -9` of one `rest` and then the other while people do business over them, key by key."""
    outcome, history = await play(site, "rest killed in turn", conversations=2, feeds=1, traders=3)

    assert outcome.violations == ()
    assert outcome.resent > 0
    kinds = {each.effect.kind for each in history.of(Done)}
    assert kinds >= {"draft", "submit", "revise", "accept", "message", "quote"}
