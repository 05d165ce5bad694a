"""Builders: complete, valid values for tests; a test names only the fields it is about.

`a_vendor(capacity=1)` is an active vendor that can take one match.  Every call makes new ids, so
tests that share a database do not interfere with each other.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace.domain.accounts import Account, Actor, Role, Session
from marketplace.domain.attachments import Attachment, AttachmentState
from marketplace.domain.blobs import BlobRecord
from marketplace.domain.conversations import (
    Channel,
    Conversation,
    Entry,
    EntryKind,
    Participant,
)
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.domain.quote_lines import QuoteLine
from marketplace.domain.quotes import Quote, QuoteState
from marketplace.domain.reports import Report, ReportReason, ReportState
from marketplace.domain.rfis import Budget, Change, Revision, Rfi, RfiState
from marketplace.domain.vendors import ServiceArea, Vendor, VendorState
from marketplace.ids import new_id

# Later than any real clock: the database removes expired documents by its own clock, and it must
# not remove what a test has just created.
NOW = datetime(2040, 5, 17, 9, 30, tzinfo=UTC)
DENVER = (-104.9903, 39.7392)
METRES_PER_DEGREE = 6_378_100 * math.pi / 180  # with the Earth radius that MongoDB uses


@dataclass(slots=True)
class Stopwatch:
    """A monotonic clock that a test advances."""

    at_s: float = 1_000.0

    def __call__(self) -> float:
        """The current reading, in seconds."""
        return self.at_s


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until a test advances it."""

    at: datetime = NOW

    def now(self) -> datetime:
        """The current reading."""
        return self.at

    def advance(self, **amount: float) -> datetime:
        """Advance by the arguments of `timedelta` (`seconds=30`); returns the new time."""
        self.at += timedelta(**amount)
        return self.at


def a_place(longitude: float = DENVER[0], latitude: float = DENVER[1]) -> dict[str, Any]:
    """A GeoJSON point, in Denver by default."""
    return {"type": "Point", "coordinates": [longitude, latitude]}


def north_of_denver(distance_m: float) -> dict[str, Any]:
    """The point `distance_m` metres due north of Denver."""
    return a_place(latitude=DENVER[1] + distance_m / METRES_PER_DEGREE)


def an_actor(role: Role = Role.CUSTOMER, **named: Any) -> Actor:
    """An actor in a role, a customer by default."""
    return Actor(**{"account_id": new_id(), "role": role, **named})


def an_account(**named: Any) -> Account:
    """A customer's account with a unique email address."""
    account_id = named.pop("id", None) or new_id()
    account = Account(
        id=account_id,
        role=Role.CUSTOMER,
        email=f"{account_id}@customers.example",
        password_hash="no password matches this",
        name="Carla Reyes",
        phone="+13035550142",
        locale="en-US",
        timezone="America/Denver",
        created_at=NOW,
    )
    return replace(account, **named)


def a_session(**named: Any) -> Session:
    """A session that lasts a month."""
    session = Session(
        id=new_id(),
        account_id=new_id(),
        refresh_token_hash="hash-1",
        created_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    return replace(session, **named)


def a_vendor(**named: Any) -> Vendor:
    """An active plumber in Denver with a service radius of 20 km and a capacity of five."""
    vendor = Vendor(
        id=new_id(),
        state=VendorState.ACTIVE,
        state_reason=None,
        company="Front Range Plumbing",
        categories=("plumbing",),
        service_area=ServiceArea(a_place(), 20_000),
        hours={"mon_fri": "08:00-17:00"},
        capacity=5,
        open_matches=0,
        languages=("en", "es"),
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(vendor, **named)


def a_vendor_north(distance_m: float, *, radius_m: int = 20_000, **named: Any) -> Vendor:
    """An active plumber `distance_m` metres north of Denver."""
    return a_vendor(service_area=ServiceArea(north_of_denver(distance_m), radius_m), **named)


def an_rfi(**named: Any) -> Rfi:
    """An open RFI for a plumber in Denver, at revision 1."""
    rfi = Rfi(
        id=new_id(),
        customer_id=new_id(),
        state=RfiState.OPEN,
        revision=1,
        category="plumbing",
        title="Leaking kitchen sink",
        description="The trap under the sink drips day and night.",
        location=a_place(),
        address="1437 Bannock St, Denver",
        needed_by=NOW + timedelta(days=7),
        budget=Budget(10_000, 40_000, "USD"),
        max_vendors=5,
        attributes={"floor": 2, "has_parking": True},
        attachment_ids=(),
        match_count=0,
        created_at=NOW,
        updated_at=NOW,
        submitted_at=NOW,
    )
    return replace(rfi, **named)


def rfi_content(**named: Any) -> dict[str, Any]:
    """What a customer writes in an RFI, as the schema loads it and `rfis.draft` takes it."""
    content = {
        "category": "plumbing",
        "title": "Leaking kitchen sink",
        "description": "The trap under the sink drips day and night.",
        "location": a_place(),
        "address": None,
        "needed_by": None,
        "budget": None,
        "max_vendors": 5,
        "attributes": {},
        "attachment_ids": (),
    }
    return content | named


def a_revision(rfi: Rfi, **named: Any) -> Revision:
    """The revision that brought the RFI to its current state."""
    revision = Revision(
        rfi_id=rfi.id,
        revision=rfi.revision,
        at=rfi.updated_at,
        actor_id=rfi.customer_id,
        actor_role=Role.CUSTOMER,
        cause="drafted" if rfi.revision == 1 else "revised",
        changes=(Change("title", None, rfi.title),),
    )
    return replace(revision, **named)


def a_match(**named: Any) -> Match:
    """An offered match, 1.2 km away."""
    match = Match(
        id=new_id(),
        rfi_id=new_id(),
        customer_id=new_id(),
        vendor_id=new_id(),
        vendor_name="Front Range Plumbing",
        state=MatchState.OFFERED,
        rfi_revision=1,
        distance_m=1_200,
        score=0.94,
        reasons=("category", "within_service_radius", "closest"),
        offered_at=NOW,
        updated_at=NOW,
    )
    return replace(match, **named)


def an_accepted_match(**named: Any) -> Match:
    """A match that its vendor accepted, with its conversation."""
    return a_match(**{"state": MatchState.ACCEPTED, "conversation_id": new_id(), **named})


def quote_figures(**named: Any) -> dict[str, Any]:
    """What a vendor writes in a quote, as the schema loads it and `quotes.submit` takes it."""
    figures = {
        "rfi_revision": 1,
        "amount_minor": 25_000,
        "currency": "USD",
        "message": "Parts and labour, tomorrow morning.",
        "valid_until": None,
    }
    return figures | named


def a_line(**named: Any) -> QuoteLine:
    """One hour of work at 80 dollars, without tax."""
    return replace(QuoteLine("An hour of work", 1_000, 8_000), **named)


def a_quote(**named: Any) -> Quote:
    """A submitted quote of 250 dollars that does not expire."""
    quote = Quote(
        id=new_id(),
        rfi_id=new_id(),
        match_id=new_id(),
        conversation_id=new_id(),
        customer_id=new_id(),
        vendor_id=new_id(),
        vendor_name="Front Range Plumbing",
        state=QuoteState.SUBMITTED,
        submitted_at=NOW,
        updated_at=NOW,
        **quote_figures(),
    )
    return replace(quote, **named)


def a_conversation(**named: Any) -> Conversation:
    """A conversation between a customer and a vendor about an RFI."""
    conversation = Conversation(
        id=new_id(),
        rfi_id=new_id(),
        match_id=new_id(),
        participants=(
            Participant(new_id(), Role.CUSTOMER, "Carla Reyes"),
            Participant(new_id(), Role.VENDOR, "Front Range Plumbing"),
        ),
        created_at=NOW,
    )
    return replace(conversation, **named)


def a_message(**named: Any) -> Entry:
    """A message from the app, not yet numbered (sequence 0)."""
    message = Entry(
        id=new_id(),
        conversation_id=new_id(),
        sequence=0,
        kind=EntryKind.MESSAGE,
        at=NOW,
        sender_id=new_id(),
        client_message_id=new_id(),
        channel=Channel.APP,
        body="When could you come?",
    )
    return replace(message, **named)


def an_edit(**named: Any) -> Entry:
    """An entry that replaces a message's body."""
    edit = Entry(
        id=new_id(),
        conversation_id=new_id(),
        sequence=0,
        kind=EntryKind.EDIT,
        at=NOW,
        sender_id=new_id(),
        message_id=new_id(),
        body="When could you come on Friday?",
    )
    return replace(edit, **named)


def a_deletion(**named: Any) -> Entry:
    """An entry that deletes a message."""
    return an_edit(**{"kind": EntryKind.DELETION, "body": None, **named})


def a_notice(**named: Any) -> Entry:
    """A notice from the marketplace: a quote was submitted."""
    notice = Entry(
        id=new_id(),
        conversation_id=new_id(),
        sequence=0,
        kind=EntryKind.NOTICE,
        at=NOW,
        code="quote.submitted",
        data={"quote_id": new_id(), "amount_minor": 25_000, "currency": "USD"},
    )
    return replace(notice, **named)


def a_report(**named: Any) -> Report:
    """An open report of a message as spam."""
    report = Report(
        id=new_id(),
        state=ReportState.OPEN,
        reason=ReportReason.SPAM,
        details="The same in every conversation.",
        conversation_id=new_id(),
        rfi_id=new_id(),
        message_id=new_id(),
        sequence=3,
        sender_id=new_id(),
        body="Buy gift cards",
        reporter_id=new_id(),
        created_at=NOW,
    )
    return replace(report, **named)


def a_notification(**named: Any) -> Notification:
    """A text message about a new match, due now."""
    notification = Notification(
        id=new_id(),
        event_id=new_id(),
        account_id=new_id(),
        kind="match_offered",
        channel="sms",
        data={"title": "Leaking kitchen sink", "distance_m": 1_200},
        state=NotificationState.PENDING,
        attempts=0,
        due_at=NOW,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(notification, **named)


def an_attachment(**named: Any) -> Attachment:
    """A photo that is ready and not used yet."""
    attachment = Attachment(
        id=new_id(),
        account_id=new_id(),
        state=AttachmentState.READY,
        name="sink.jpg",
        bytes=120_000,
        created_at=NOW,
        unused_since=NOW,
        media_type="image/jpeg",
        width=1_600,
        height=1_200,
        content_id=new_id(),
        thumbnail_id=new_id(),
    )
    return replace(attachment, **named)


def an_upload(**named: Any) -> Attachment:
    """A file that is uploading in three parts of 1,000, 1,000 and 500 bytes."""
    upload = an_attachment(
        state=AttachmentState.UPLOADING,
        bytes=2_500,
        part_bytes=1_000,
        media_type=None,
        width=None,
        height=None,
        content_id=None,
        thumbnail_id=None,
    )
    return replace(upload, **named)


def a_blob_record(**named: Any) -> BlobRecord:
    """A blob that is not written yet, and that nothing owns."""
    record = BlobRecord(
        id=new_id(), name="sink.jpg", media_type="image/jpeg", created_at=NOW, unused_since=NOW
    )
    return replace(record, **named)
