"""Who is notified of what, on which channels."""

from dataclasses import replace

import pytest

from marketplace.actions.events import rfi_event
from marketplace.domain import quotes
from marketplace.domain.awards import CANCELLED
from marketplace.domain.conversations import Channel
from marketplace.domain.matches import MatchState
from marketplace.domain.quotes import ClosedReason
from marketplace.domain.rfis import Change, RfiState
from notify.rules import MESSAGE_DELAY_S, POLICIES, Facts, Intent, NotificationKind, intents
from tests.builders import (
    NOW,
    a_match,
    a_message,
    a_quote,
    a_revision,
    a_vendor,
    an_accepted_match,
    an_actor,
    an_rfi,
)
from tests.marketplace.every_event import a_vendor_event, an_event
from tests.notify.helpers import a_case, of_match, of_message, of_quote, of_rfi, read_back


def _summary(found: list[Intent]) -> set[tuple[NotificationKind, str]]:
    return {(intent.kind, intent.account_id) for intent in found}


def test_a_vendor_is_notified_of_an_offer_by_email_and_sms() -> None:
    """Only the vendor is notified of an offer, by email and SMS, connected or not."""
    match = a_match(distance_m=1_200)

    (intent,) = intents(of_match("match.offered", match), Facts())

    assert (intent.kind, intent.account_id) == (NotificationKind.MATCH_OFFERED, match.vendor_id)
    assert intent.data == {"distance_m": 1_000}
    assert intent.path == f"/rfis/{match.rfi_id}"
    policy = POLICIES[NotificationKind.MATCH_OFFERED]
    assert policy.channels == (Channel.EMAIL, Channel.SMS)
    assert not policy.is_for_the_absent


def test_a_vendor_is_notified_when_its_offer_no_longer_fits() -> None:
    """The customer moved the RFI out of the vendor's reach."""
    match = a_match(state=MatchState.CLOSED, closed_reason="no_longer_suitable")

    assert _summary(intents(of_match("match.closed", match), Facts())) == {
        (NotificationKind.MATCH_CLOSED, match.vendor_id)
    }


@pytest.mark.parametrize("reason", ["rfi_withdrawn", "rfi_awarded"])
def test_a_match_closed_with_its_rfi_causes_no_second_notification(reason: str) -> None:
    """One fact causes one notification."""
    match = a_match(state=MatchState.CLOSED, closed_reason=reason)

    assert intents(of_match("match.closed", match), Facts()) == []


def test_the_other_side_is_notified_of_a_message_after_a_delay() -> None:
    """A message's sender is not notified; the others get a delayed email if absent."""
    case = a_case()
    message = a_message(
        conversation_id=case.conversation.id, sender_id=case.customer.id, sequence=7
    )

    (intent,) = intents(of_message(message), Facts(conversation=case.conversation))

    assert (intent.kind, intent.account_id) == (NotificationKind.MESSAGE_SENT, case.vendor.id)
    assert intent.path == f"/conversations/{case.conversation.id}"
    assert intent.data["sender_name"] == case.customer.name
    assert (intent.data["first_sequence"], intent.data["sequence"]) == (7, 7)
    policy = POLICIES[NotificationKind.MESSAGE_SENT]
    assert policy.channels == (Channel.EMAIL,)
    assert (policy.is_for_the_absent, policy.delay_s) == (True, MESSAGE_DELAY_S)


def test_a_notification_does_not_copy_the_messages_text() -> None:
    """The data stored with the notification identifies the message but does not repeat it."""
    case = a_case()
    message = a_message(
        conversation_id=case.conversation.id, sender_id=case.customer.id, sequence=1, body="secret"
    )

    (intent,) = intents(of_message(message), Facts(conversation=case.conversation))

    assert "secret" not in repr(intent)


def test_a_message_of_an_unknown_conversation_notifies_nobody() -> None:
    """A message of an unknown conversation notifies nobody."""
    assert intents(of_message(a_message(sequence=1)), Facts()) == []


def test_the_customer_is_notified_of_a_quote() -> None:
    """An absent customer is notified of a quote, with its figures."""
    quote = a_quote(amount_minor=25_000, currency="USD")

    (intent,) = intents(of_quote("quote.submitted", quote), Facts())

    assert (intent.kind, intent.account_id) == (
        NotificationKind.QUOTE_SUBMITTED,
        quote.customer_id,
    )
    assert intent.data["amount_minor"] == 25_000
    assert POLICIES[NotificationKind.QUOTE_SUBMITTED].is_for_the_absent


def test_vendors_that_accepted_are_notified_of_a_material_change() -> None:
    """Vendors that only have an offer read the current RFI."""
    rfi = an_rfi(revision=3)
    accepted, offered = an_accepted_match(rfi_id=rfi.id), a_match(rfi_id=rfi.id)
    event = of_rfi("rfi.revised", rfi, "budget.max_minor", "title", "needed_by")

    (intent,) = intents(event, Facts(matches=(accepted, offered)))

    assert (intent.kind, intent.account_id) == (NotificationKind.RFI_REVISED, accepted.vendor_id)
    assert intent.data == {"changed_fields": ["needed_by", "budget"], "has_quote": False}


def test_a_vendor_that_has_quoted_is_asked_to_confirm() -> None:
    """The change outdates its quote, and not the work of one that has not quoted yet."""
    rfi = an_rfi(revision=3)
    quoted, silent = an_accepted_match(rfi_id=rfi.id), an_accepted_match(rfi_id=rfi.id)
    facts = Facts((quoted, silent), frozenset({quoted.vendor_id}))

    found = intents(of_rfi("rfi.revised", rfi, "description"), facts)

    assert {intent.account_id: intent.data["has_quote"] for intent in found} == {
        quoted.vendor_id: True,
        silent.vendor_id: False,
    }


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (ClosedReason.WITHDRAWN, NotificationKind.QUOTE_WITHDRAWN),
        (ClosedReason.DECLINED, NotificationKind.QUOTE_DECLINED),
        (ClosedReason.EXPIRED, NotificationKind.QUOTE_EXPIRED),
    ],
)
def test_the_other_side_is_notified_of_a_quotes_end(
    reason: ClosedReason, kind: NotificationKind
) -> None:
    """The customer of a withdrawal, the vendor of a decline and an expiry; nobody's words are sent."""
    quote = quotes.close(a_quote(), reason, NOW, "These are my words")

    (intent,) = intents(of_quote("quote.updated", quote), Facts())

    is_customers = kind is NotificationKind.QUOTE_WITHDRAWN
    assert (intent.kind, intent.account_id) == (
        kind,
        quote.customer_id if is_customers else quote.vendor_id,
    )
    assert intent.path == f"/conversations/{quote.conversation_id}"
    assert "my words" not in repr(intent)
    assert POLICIES[kind].is_for_the_absent


@pytest.mark.parametrize(
    "reason", [ClosedReason.RFI_AWARDED, ClosedReason.RFI_WITHDRAWN, ClosedReason.MATCH_CLOSED]
)
def test_a_quote_closed_with_its_rfi_causes_no_second_notification(reason: ClosedReason) -> None:
    """One fact causes one notification."""
    quote = quotes.close(a_quote(), reason, NOW)

    assert intents(of_quote("quote.updated", quote), Facts()) == []


def test_a_cancelled_award_notifies_the_winner_and_those_that_return() -> None:
    """The winner must not begin the work; the others are on the RFI again."""
    winner, returned = an_accepted_match(), an_accepted_match()
    changes = (Change("awarded_vendor_id", winner.vendor_id, None),)
    rfi = an_rfi(revision=4)
    revision = a_revision(rfi, cause=CANCELLED, changes=changes)
    event = read_back(rfi_event("rfi.revised", rfi, revision, an_actor()))
    others = (
        a_match(),
        an_accepted_match(state=MatchState.CLOSED, closed_reason="no_free_place"),
    )

    found = intents(event, Facts((winner, returned, *others)))

    assert _summary(found) == {
        (NotificationKind.AWARD_CANCELLED, winner.vendor_id),
        (NotificationKind.RFI_REOPENED, returned.vendor_id),
    }
    assert POLICIES[NotificationKind.AWARD_CANCELLED].channels == (Channel.EMAIL, Channel.SMS)
    gone = replace(winner, state=MatchState.CLOSED, closed_reason="vendor_left")
    assert _summary(intents(event, Facts((gone,)))) == {
        (NotificationKind.AWARD_CANCELLED, winner.vendor_id)
    }


@pytest.mark.parametrize("path", ["title", "max_vendors"])
def test_an_immaterial_change_notifies_nobody(path: str) -> None:
    """A better title is no reason to write to anybody."""
    rfi = an_rfi(revision=3)
    facts = Facts(matches=(an_accepted_match(rfi_id=rfi.id),))

    assert intents(of_rfi("rfi.revised", rfi, path), facts) == []


def test_a_change_of_a_draft_notifies_nobody() -> None:
    """A change of a draft notifies nobody: only an open RFI has vendors."""
    rfi = an_rfi(revision=3, state=RfiState.DRAFT)
    facts = Facts(matches=(an_accepted_match(rfi_id=rfi.id),))

    assert intents(of_rfi("rfi.revised", rfi, "budget"), facts) == []


def test_a_withdrawal_notifies_vendors_whose_match_it_closed() -> None:
    """Vendors that had declined or whose match was closed before are not notified."""
    rfi = an_rfi(revision=3, state=RfiState.WITHDRAWN)
    closed = a_match(state=MatchState.CLOSED, closed_reason="rfi_withdrawn")
    matches = (
        closed,
        a_match(state=MatchState.DECLINED),
        a_match(state=MatchState.CLOSED, closed_reason="no_longer_suitable"),
    )

    assert _summary(intents(of_rfi("rfi.withdrawn", rfi, "state"), Facts(matches=matches))) == {
        (NotificationKind.RFI_WITHDRAWN, closed.vendor_id)
    }


def test_an_award_notifies_the_winner_and_the_losers() -> None:
    """The winner gets email and SMS with a link to the conversation, the losers get an email."""
    winner = an_accepted_match()
    loser = a_match(state=MatchState.CLOSED, closed_reason="rfi_awarded")
    declined = a_match(state=MatchState.DECLINED)
    rfi = an_rfi(revision=3, state=RfiState.AWARDED, awarded_vendor_id=winner.vendor_id)

    found = intents(of_rfi("rfi.awarded", rfi, "state"), Facts(matches=(loser, winner, declined)))

    assert _summary(found) == {
        (NotificationKind.RFI_WON, winner.vendor_id),
        (NotificationKind.RFI_LOST, loser.vendor_id),
    }
    assert found[0].path == f"/conversations/{winner.conversation_id}"
    assert POLICIES[NotificationKind.RFI_WON].channels == (Channel.EMAIL, Channel.SMS)
    assert POLICIES[NotificationKind.RFI_LOST].channels == (Channel.EMAIL,)


def test_an_event_without_a_rule_notifies_nobody() -> None:
    """An event without a rule notifies nobody."""
    assert intents(of_match("match.accepted", an_accepted_match()), Facts()) == []
    assert intents(of_quote("quote.updated", a_quote()), Facts()) == []
    assert intents(of_rfi("rfi.submitted", an_rfi(), "state"), Facts()) == []


def test_every_kind_has_a_policy() -> None:
    """No kind is without a channel."""
    assert set(POLICIES) == set(NotificationKind)
    assert all(policy.channels for policy in POLICIES.values())


def test_an_award_without_the_winners_match_notifies_no_winner() -> None:
    """Without the winner's match no win is notified: there is no conversation to link to."""
    rfi = replace(an_rfi(revision=3, state=RfiState.AWARDED), awarded_vendor_id="somebody")

    assert intents(of_rfi("rfi.awarded", rfi, "state"), Facts()) == []


def test_an_expired_rfi_notifies_the_customer_and_its_vendors() -> None:
    """Nobody withdrew anything, so it is told in other words."""
    rfi = an_rfi(state=RfiState.WITHDRAWN, ended_reason="expired")
    closed = an_accepted_match(
        rfi_id=rfi.id, state=MatchState.CLOSED, closed_reason="rfi_withdrawn"
    )
    facts = Facts(matches=(closed, a_match(rfi_id=rfi.id, state=MatchState.DECLINED)))

    found = intents(of_rfi("rfi.withdrawn", rfi), facts)

    kind = NotificationKind.RFI_EXPIRED
    assert _summary(found) == {(kind, rfi.customer_id), (kind, closed.vendor_id)}
    assert {intent.account_id for intent in found if intent.data["is_own"]} == {rfi.customer_id}


def test_closing_an_rfi_notifies_its_vendors_only() -> None:
    """Its vendors hear that it was withdrawn, whatever the reason."""
    rfi = an_rfi(state=RfiState.WITHDRAWN, ended_reason="found_elsewhere")
    closed = a_match(rfi_id=rfi.id, state=MatchState.CLOSED, closed_reason="rfi_withdrawn")

    found = intents(of_rfi("rfi.withdrawn", rfi), Facts(matches=(closed,)))

    assert _summary(found) == {(NotificationKind.RFI_WITHDRAWN, closed.vendor_id)}


@pytest.mark.parametrize("reason", ["expired", "no_answer", "vendor_left", "no_free_place"])
def test_a_replaced_vendor_gets_no_email(reason: str) -> None:
    """The warning came before; no email follows."""
    match = a_match(state=MatchState.CLOSED, closed_reason=reason)

    assert intents(of_match("match.closed", match), Facts()) == []


def test_a_vendor_is_told_what_was_decided_about_it() -> None:
    """With the reason and the steps, by email, connected or not."""
    vendor = a_vendor()
    review = {"outcome": "changes_requested", "reason": "Typo.", "steps": ["company"]}
    data = {"vendor": {}, "review": {**review, "is_of_changes": False, "at": NOW}}

    for name in ("vendor.changes_requested", "vendor.updated", "vendor.suspended"):
        (intent,) = intents(an_event(name, vendor.id, data), Facts())

        assert (intent.kind, intent.account_id) == (NotificationKind.VENDOR_REVIEWED, vendor.id)
        assert intent.rfi_id is None
        assert intent.data == {**review, "is_of_changes": False}
    assert POLICIES[NotificationKind.VENDOR_REVIEWED].channels == (Channel.EMAIL,)


@pytest.mark.parametrize("name", ["vendor.approved", "vendor.updated", "vendor.submitted"])
def test_events_of_the_previous_version_tell_nobody(name: str) -> None:
    """They have no review: the topic is read from its begin."""
    assert intents(a_vendor_event(a_vendor(), name=name), Facts()) == []


def test_an_invited_person_is_told_by_email() -> None:
    """Of the company and the role; the event has no address."""
    member = {"account_id": "a1", "vendor_id": "v1", "role": "agent", "company": "Cedar"}

    (intent,) = intents(an_event("vendor.member_invited", "v1", {"member": member}), Facts())

    assert (intent.kind, intent.account_id) == (NotificationKind.TEAM_INVITED, "a1")
    assert intent.data == {"company": "Cedar", "team_role": "agent"}
