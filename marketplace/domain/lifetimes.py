"""When each waiting state expires, and when the person who has to act is warned.

    a draft                     its customer's next change, or `expires_at`
    an open RFI                 `needed_by`, or a while after the submission, or `expires_at`
    an offered match            the vendor's acceptance
    an accepted match           the vendor's first message or quote
    a submitted quote           the award, until `valid_until`; nobody is warned, since the vendor
                                chose the moment and the customer sees it
    an accepted document        a new one from its vendor

The timers of an RFI, a match or a quote follow from its state alone, so the transaction that
changes the state knows which to set and which to cancel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from marketplace.domain import rfis, vendor_documents
from marketplace.domain.decisions import DecisionKind, Rule, Ruling
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.policy import Policy
from marketplace.domain.quotes import Quote, QuoteState
from marketplace.domain.rfis import Revision, Rfi, RfiState
from marketplace.domain.timers import Timer, TimerKind, timer, timer_id
from marketplace.domain.vendor_documents import DocumentState, VendorDocument

# A warning comes when a quarter of the time is left, and at most three days before the end.
MOST_NOTICE = timedelta(days=3)
NOTICE_SHARE = 4

_RFI_KINDS = (TimerKind.RFI_EXPIRY, TimerKind.RFI_WARNING)
_OFFER_KINDS = (TimerKind.OFFER_EXPIRY, TimerKind.OFFER_WARNING)
_ANSWER_KINDS = (TimerKind.ANSWER_EXPIRY, TimerKind.ANSWER_WARNING)
_DOCUMENT_KINDS = (TimerKind.DOCUMENT_EXPIRY, TimerKind.DOCUMENT_WARNING)


@dataclass(frozen=True, slots=True)
class Wait:
    """A waiting state: since when, and until when at most; and how long before that to warn."""

    since: datetime
    until: datetime
    most_notice: timedelta = MOST_NOTICE

    @property
    def warned_at(self) -> datetime:
        """When the person who is waited for is warned."""
        return self.until - min(self.most_notice, (self.until - self.since) / NOTICE_SHARE)


def rfi_wait(rfi: Rfi, policy: Policy) -> Wait | None:
    """How long the RFI may stay a draft or open; None once it has ended."""
    if rfi.state is RfiState.DRAFT:
        until = rfi.expires_at or rfi.updated_at + policy.draft_lifetime
        return Wait(rfi.updated_at, until)
    if rfi.state is RfiState.OPEN:
        since = rfi.submitted_at or rfi.updated_at
        until = rfi.expires_at or rfi.needed_by or since + policy.open_lifetime
        return Wait(rfi.updated_at, until)
    return None


def match_wait(match: Match, policy: Policy) -> Wait | None:
    """How long the match may wait for its vendor; None if nothing is waited for."""
    if match.state is MatchState.OFFERED:
        return Wait(match.offered_at, match.offered_at + policy.offer_lifetime)
    if match.state is MatchState.ACCEPTED:
        return Wait(match.updated_at, match.updated_at + policy.answer_lifetime)
    return None


def quote_wait(quote: Quote) -> Wait | None:
    """How long the quote waits for an award; None if it has no end, or waits no more."""
    if quote.state is not QuoteState.SUBMITTED or quote.expires_at is None:
        return None
    return Wait(quote.updated_at, quote.expires_at)


def document_wait(document: VendorDocument) -> Wait | None:
    """How long an accepted document is valid; None if it does not expire, or does not count."""
    if document.state is not DocumentState.ACCEPTED or document.expires_at is None:
        return None
    return Wait(document.updated_at, document.expires_at, vendor_documents.NOTICE)


def renewed(
    before: Rfi | None, after: Rfi, revision: Revision, policy: Policy
) -> tuple[Rfi, Revision]:
    """The changed RFI with its new `expires_at`, which the revision names unless it is a draft's.

    A change of a draft never brings its expiry forward. An open RFI keeps its expiry unless
    `needed_by` changes.
    """
    until = _expiry_of(before, after, policy)
    if after.state is RfiState.DRAFT:
        return replace(after, expires_at=until), revision
    return rfis.expiring(after, revision, until)


def reopened(rfi: Rfi, revision: Revision, policy: Policy) -> tuple[Rfi, Revision]:
    """The RFI after its award was cancelled, with a new `expires_at`: a few days away at least."""
    until = rfi.needed_by or rfi.updated_at + policy.open_lifetime
    return rfis.expiring(rfi, revision, max(until, rfi.updated_at + MOST_NOTICE))


def timers_of_rfi(rfi: Rfi, policy: Policy) -> list[Timer]:
    """The timers that the RFI must have in its state."""
    return _timers(_RFI_KINDS, rfi.id, rfi_wait(rfi, policy))


def timers_of_match(match: Match, policy: Policy) -> list[Timer]:
    """The timers that the match must have in its state."""
    kinds = _OFFER_KINDS if match.state is MatchState.OFFERED else _ANSWER_KINDS
    return _timers(kinds, match.id, match_wait(match, policy))


def timers_of_quote(quote: Quote) -> list[Timer]:
    """The timers that the quote must have in its state."""
    wait = quote_wait(quote)
    return [] if wait is None else [timer(TimerKind.QUOTE_EXPIRY, quote.id, wait.until)]


def timers_of_document(document: VendorDocument) -> list[Timer]:
    """The timers that the document must have in its state."""
    return _timers(_DOCUMENT_KINDS, document.id, document_wait(document))


def document_timer_ids(document_id: str) -> list[str]:
    """The ids of all timers that a document may have."""
    return [timer_id(kind, document_id) for kind in _DOCUMENT_KINDS]


def rfi_timer_ids(rfi_id: str) -> list[str]:
    """The ids of all timers that an RFI may have."""
    return [timer_id(kind, rfi_id) for kind in _RFI_KINDS]


def offer_timer_ids(match_id: str) -> list[str]:
    """The ids of the timers of an offer."""
    return [timer_id(kind, match_id) for kind in _OFFER_KINDS]


def answer_timer_ids(match_id: str) -> list[str]:
    """The ids of the timers of an accepted match that waits for its vendor's answer."""
    return [timer_id(kind, match_id) for kind in _ANSWER_KINDS]


def match_timer_ids(match_id: str) -> list[str]:
    """The ids of all timers that a match may have."""
    return offer_timer_ids(match_id) + answer_timer_ids(match_id)


def quote_timer_ids(quote_id: str) -> list[str]:
    """The ids of all timers that a quote may have."""
    return [timer_id(TimerKind.QUOTE_EXPIRY, quote_id)]


def expiry_inputs(wait: Wait, now: datetime, *, is_answered: bool = False) -> dict[str, Any]:
    """What the rule `EXPIRY` decides from."""
    return {
        "waited_since": wait.since.isoformat(),
        "expires_at": wait.until.isoformat(),
        "at": now.isoformat(),
        "is_answered": is_answered,
    }


def _expiry_of(before: Rfi | None, after: Rfi, policy: Policy) -> datetime | None:
    if after.state is RfiState.DRAFT:
        until = after.updated_at + policy.draft_lifetime
        return until if before is None else max(until, before.expires_at or until)
    if after.state is not RfiState.OPEN:
        return None
    is_open = before is not None and before.state is RfiState.OPEN
    if before is None or not is_open or before.needed_by != after.needed_by:
        return after.needed_by or after.updated_at + policy.open_lifetime
    wait = rfi_wait(before, policy)
    return None if wait is None else wait.until


def _expiry(inputs: Mapping[str, Any]) -> Ruling:
    is_late = datetime.fromisoformat(inputs["at"]) >= datetime.fromisoformat(inputs["expires_at"])
    return Ruling({"is_expired": is_late and not inputs["is_answered"]})


# Whether something that waits has expired.
EXPIRY = Rule("expiry", 1, DecisionKind.EXPIRY, _expiry)


def _timers(kinds: tuple[TimerKind, TimerKind], subject_id: str, wait: Wait | None) -> list[Timer]:
    if wait is None:
        return []
    expiry, warning = kinds
    return [timer(expiry, subject_id, wait.until), timer(warning, subject_id, wait.warned_at)]
