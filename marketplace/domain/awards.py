"""The award of an RFI to one quote, and its cancellation."""

from dataclasses import dataclass, replace
from datetime import datetime

from marketplace.domain.accounts import Actor
from marketplace.domain.matches import NO_FREE_PLACE, VENDOR_LEFT, Match, MatchState
from marketplace.domain.rfis import Revision, Rfi, RfiState, next_revision
from marketplace.domain.vendors import Vendor, VendorState
from marketplace.errors import Code, ParleyError

# The cause of the revision that opens an RFI again.
CANCELLED = "award_cancelled"
# Why the award closed a match.
LOST = "rfi_awarded"


@dataclass(frozen=True, slots=True)
class Award:
    """What is awarded: a quote at the revision that the customer saw, and until when it can be undone.

    `is_outdated` says that the RFI has changed since the vendor quoted, and that the vendor has not
    confirmed its price.
    """

    quote_id: str
    quote_revision: int
    vendor_id: str
    cancellable_until: datetime
    is_outdated: bool = False


def award(rfi: Rfi, given: Award, actor: Actor, now: datetime) -> tuple[Rfi, Revision]:
    """The RFI awarded to one vendor.

    Raises:
        ParleyError: `wrong_state` unless it is open; so it is awarded only once.
    """
    if rfi.state is not RfiState.OPEN:
        raise ParleyError(
            Code.WRONG_STATE, f"The RFI is {rfi.state}; only an open RFI can be awarded."
        )
    return next_revision(
        rfi,
        actor,
        now,
        "awarded",
        state=RfiState.AWARDED,
        awarded_quote_id=given.quote_id,
        awarded_quote_revision=given.quote_revision,
        awarded_vendor_id=given.vendor_id,
        is_award_outdated=given.is_outdated,
        award_cancellable_until=given.cancellable_until,
    )


def cancel(rfi: Rfi, actor: Actor, now: datetime) -> tuple[Rfi, Revision]:
    """The RFI open again.

    Raises:
        ParleyError: `wrong_state` unless it is awarded, and the award can still be cancelled.
    """
    until = rfi.award_cancellable_until
    if rfi.state is not RfiState.AWARDED:
        raise ParleyError(Code.WRONG_STATE, f"The RFI is {rfi.state}, not awarded.")
    if until is None or now > until:
        raise ParleyError(Code.WRONG_STATE, "The award can no longer be cancelled.")
    return next_revision(
        rfi,
        actor,
        now,
        CANCELLED,
        state=RfiState.OPEN,
        awarded_quote_id=None,
        awarded_quote_revision=None,
        awarded_vendor_id=None,
        is_award_outdated=False,
        award_cancellable_until=None,
    )


def was_on(match: Match, winner_id: str | None) -> bool:
    """Whether the match was live until the award, and so is to be live again."""
    if match.state is MatchState.ACCEPTED:
        return match.vendor_id == winner_id
    return match.state is MatchState.CLOSED and match.closed_reason == LOST


def restored(match: Match, now: datetime) -> Match:
    """The match as it was before the award; an offer gets its whole time again."""
    if match.conversation_id is not None:
        return replace(match, state=MatchState.ACCEPTED, closed_reason=None, updated_at=now)
    return replace(
        match, state=MatchState.OFFERED, closed_reason=None, offered_at=now, updated_at=now
    )


def reason_of_absence(vendor: Vendor | None) -> str:
    """Why a vendor that got no place does not return to an RFI that is opened again."""
    is_active = vendor is not None and vendor.state is VendorState.ACTIVE
    return NO_FREE_PLACE if is_active else VENDOR_LEFT
