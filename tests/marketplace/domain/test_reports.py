"""Which messages can be reported, and how a report is closed."""

import pytest

from marketplace.domain import reports
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Entry
from marketplace.domain.reports import ReportState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_conversation, a_message, a_notice, a_report, an_actor, an_edit

TALK = a_conversation()
CUSTOMER, VENDOR = (
    Actor(participant.account_id, participant.role) for participant in TALK.participants
)
THEIRS = a_message(conversation_id=TALK.id, sender_id=VENDOR.account_id)


def test_a_message_of_the_other_side_can_be_reported() -> None:
    """A participant can report a message of the other side."""
    assert reports.require_reportable(THEIRS, TALK, CUSTOMER) is THEIRS


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, Code.NOT_FOUND),
        (a_message(), Code.NOT_FOUND),
        (a_notice(conversation_id=TALK.id), Code.NOT_FOUND),
        (an_edit(conversation_id=TALK.id), Code.NOT_FOUND),
        (a_message(conversation_id=TALK.id, sender_id=CUSTOMER.account_id), Code.FORBIDDEN),
    ],
    ids=["unknown", "of another conversation", "a notice", "an edit", "own"],
)
def test_only_the_other_sides_messages_can_be_reported(message: Entry | None, code: Code) -> None:
    """Entries that are not messages here are not found; people's own messages are forbidden."""
    with pytest.raises(ParleyError) as refused:
        reports.require_reportable(message, TALK, CUSTOMER)

    assert refused.value.code is code


def test_a_message_reads_as_its_last_edit() -> None:
    """A message reads as its last edit, or as sent if it has none."""
    edits = [an_edit(body="Second"), an_edit(body="Third")]

    assert reports.body_of(THEIRS, []) == THEIRS.body
    assert reports.body_of(THEIRS, edits) == "Third"


def test_a_report_is_closed_once_and_records_by_whom() -> None:
    """A closed report records who decided what, and cannot be closed again."""
    admin = an_actor(Role.ADMIN)

    closed = reports.close(a_report(), "Suspended.", admin, NOW)

    assert (closed.state, closed.closed_by) == (ReportState.CLOSED, admin.account_id)
    assert (closed.resolution, closed.closed_at) == ("Suspended.", NOW)
    with pytest.raises(ParleyError) as refused:
        reports.close(closed, "Again.", admin, NOW)
    assert refused.value.code is Code.WRONG_STATE
