"""One order for everything that happened to an RFI."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain import timelines
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.quote_revisions import revision_of
from marketplace.domain.quotes import QuoteState
from marketplace.domain.timelines import END, MatchStep, Position, QuoteStep, Source
from tests.builders import NOW, a_match, a_notice, a_quote, a_revision, an_accepted_match, an_rfi
from tests.rows import a_decision

POSITIONS = st.builds(
    Position,
    st.integers(0, 10_000_000).map(lambda ms: NOW + timedelta(milliseconds=ms)),
    st.sampled_from(Source).map(str),
    st.text("0123456789abcdef:", min_size=1, max_size=40),
)


def _step(match: Match, state: MatchState, reason: str | None = None) -> MatchStep:
    return MatchStep(match.id, match.vendor_id, match.vendor_name, state, reason)


@given(POSITIONS)
def test_a_position_is_read_as_it_was_written(position: Position) -> None:
    """It survives a cursor."""
    assert Position.read(str(position)) == position


@given(st.lists(POSITIONS, max_size=20), POSITIONS)
def test_each_source_continues_exactly_before_a_position(
    positions: list[Position], at: Position
) -> None:
    """What a source reads before its own bound is what is earlier in the timeline."""
    for position in positions:
        bound = at.within(Source(position.source))

        assert ((position.at, position.key) < bound) == (position < at)


def test_revisions_sort_by_their_number() -> None:
    """Ten is after nine, also within one moment."""
    items = [timelines.of_revision(a_revision(an_rfi(revision=n))) for n in (9, 10, 100)]

    positions = [item.position for item in items]
    assert positions == sorted(positions)
    assert timelines.revision_bound(items[1].position) == (NOW, 10)
    assert timelines.revision_bound(END)[1] > 10**9
    earlier = timelines.of_decision(a_decision()).position
    assert timelines.revision_bound(earlier) == (NOW, 0)


def test_a_match_has_its_offer_and_what_became_of_it() -> None:
    """An offer that is still open has one item, any other match two."""
    later = NOW + timedelta(hours=1)
    declined = a_match(state=MatchState.DECLINED, closed_reason="Too far", updated_at=later)

    assert [(item.position.at, item.happening) for item in timelines.of_match(declined)] == [
        (NOW, _step(declined, MatchState.OFFERED)),
        (later, _step(declined, MatchState.DECLINED, "Too far")),
    ]
    assert len(timelines.of_match(a_match())) == 1
    assert len(timelines.of_match(an_accepted_match())) == 2


def test_a_quote_has_its_revisions_and_its_end() -> None:
    """The figures are those of each revision; a quote that is still open has no end."""
    quote = a_quote(state=QuoteState.AWARDED, revision=2, updated_at=NOW + timedelta(hours=1))

    first = revision_of(replace(quote, revision=1, amount_minor=9))
    submitted = timelines.of_quote_revision(first, quote).happening
    (end,) = timelines.of_quote(quote)

    assert isinstance(submitted, QuoteStep)
    assert isinstance(end.happening, QuoteStep)
    assert (submitted.state, submitted.revision, submitted.amount_minor) == ("submitted", 1, 9)
    assert (end.happening.state, end.happening.revision) == ("awarded", 2)
    assert end.position.at == quote.updated_at
    assert timelines.of_quote(a_quote()) == []


def test_every_source_has_items_of_its_own() -> None:
    """An item's id names its source, so ids are unique in a timeline."""
    items = [
        timelines.of_decision(a_decision()),
        timelines.of_notice(a_notice()),
        *timelines.of_match(a_match()),
        *timelines.of_quote(a_quote(state=QuoteState.CLOSED)),
        timelines.of_revision(a_revision(an_rfi())),
    ]

    assert {item.position.source for item in items} == set(Source)
