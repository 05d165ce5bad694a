"""The timeline of an RFI: everything that happened to it, from five sources, in one order."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self, TypeAlias

from marketplace.domain.conversations import Entry
from marketplace.domain.decisions import Decision
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.quote_revisions import QuoteRevision
from marketplace.domain.quotes import Quote, QuoteState
from marketplace.domain.rfis import Revision

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Below and above every key of a source.
_LOWEST, _HIGHEST = "", "~"
_REVISION_DIGITS = 12


class Source(StrEnum):
    """Where an item comes from; items of one moment are in the order of these words."""

    DECISION = "decision"
    MATCH = "match"
    NOTICE = "notice"
    QUOTE = "quote"
    REVISION = "revision"


@dataclass(frozen=True, slots=True)
class MatchStep:
    """A match was offered, accepted, declined or closed."""

    match_id: str
    vendor_id: str
    vendor_name: str
    state: MatchState
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class QuoteStep:
    """A quote was submitted or revised (`submitted`), awarded or closed."""

    quote_id: str
    vendor_id: str
    vendor_name: str
    state: QuoteState
    revision: int
    amount_minor: int
    currency: str
    reason: str | None = None


Happening: TypeAlias = Decision | MatchStep | Entry | QuoteStep | Revision


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the timeline; positions sort as the items do, oldest first."""

    at: datetime
    source: str
    key: str

    @classmethod
    def read(cls, text: str) -> Self:
        """The position that `str` wrote."""
        milliseconds, source, key = text.split(":", 2)
        return cls(_EPOCH + int(milliseconds) * _MILLISECOND, source, key)

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MILLISECOND}:{self.source}:{self.key}"

    def within(self, source: Source) -> tuple[datetime, str]:
        """The time and the key before which a source's own list continues."""
        if source == self.source:
            return self.at, self.key
        return self.at, _LOWEST if source > self.source else _HIGHEST


END = Position(datetime(9999, 1, 1, tzinfo=UTC), Source.REVISION, _HIGHEST)


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that happened to an RFI."""

    position: Position
    happening: Happening


def of_revision(revision: Revision) -> TimelineItem:
    """A revision of the RFI."""
    key = f"{revision.revision:0{_REVISION_DIGITS}}"
    return TimelineItem(Position(revision.at, Source.REVISION, key), revision)


def revision_bound(position: Position) -> tuple[datetime, int]:
    """The time and the revision before which the revisions continue."""
    at, key = position.within(Source.REVISION)
    if key in (_LOWEST, _HIGHEST):
        return at, 0 if key == _LOWEST else 10**_REVISION_DIGITS
    return at, int(key)


def of_match(match: Match) -> list[TimelineItem]:
    """A match's offer, and the state that it has now if that is another one."""
    offered = _match_step(match, MatchState.OFFERED, match.offered_at, None)
    if match.state is MatchState.OFFERED:
        return [offered]
    return [offered, _match_step(match, match.state, match.updated_at, match.closed_reason)]


def of_quote_revision(revision: QuoteRevision, quote: Quote) -> TimelineItem:
    """The figures that a vendor gave."""
    step = QuoteStep(
        quote.id,
        quote.vendor_id,
        quote.vendor_name,
        QuoteState.SUBMITTED,
        revision.revision,
        revision.amount_minor,
        revision.currency,
    )
    return TimelineItem(Position(revision.at, Source.QUOTE, revision.key), step)


def of_quote(quote: Quote) -> list[TimelineItem]:
    """What became of a quote: nothing yet, an award, or that it was closed."""
    if quote.state is QuoteState.SUBMITTED:
        return []
    step = QuoteStep(
        quote.id,
        quote.vendor_id,
        quote.vendor_name,
        quote.state,
        quote.revision,
        quote.amount_minor,
        quote.currency,
        quote.closed_reason,
    )
    position = Position(quote.updated_at, Source.QUOTE, f"{quote.id}:{quote.state}")
    return [TimelineItem(position, step)]


def of_notice(notice: Entry) -> TimelineItem:
    """A notice in one of the RFI's conversations."""
    return TimelineItem(Position(notice.at, Source.NOTICE, notice.id), notice)


def of_decision(decision: Decision) -> TimelineItem:
    """A decision about the RFI or one of its matches."""
    return TimelineItem(Position(decision.at, Source.DECISION, decision.id), decision)


def _match_step(match: Match, state: MatchState, at: datetime, reason: str | None) -> TimelineItem:
    step = MatchStep(match.id, match.vendor_id, match.vendor_name, state, reason)
    return TimelineItem(Position(at, Source.MATCH, f"{match.id}:{state}"), step)
