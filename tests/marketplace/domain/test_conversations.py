"""Who may do what in a conversation."""

import pytest

from marketplace.domain import conversations
from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Conversation, Entry
from marketplace.errors import Code, ParleyError
from tests.builders import a_conversation, a_message, a_notice, an_actor, an_edit


def test_a_conversation_knows_each_participant_and_the_other_side() -> None:
    """A conversation knows its participants, and each one's other side."""
    conversation = a_conversation()
    customer, vendor = conversation.participants

    assert conversation.has(customer.account_id)
    assert not conversation.has("somebody else")
    assert conversation.others(customer.account_id) == (vendor,)


def test_a_participant_has_access() -> None:
    """Both participants have access."""
    conversation = a_conversation()

    for participant in conversation.participants:
        actor = an_actor(account_id=participant.account_id)
        assert conversations.require_participant(conversation, actor) is conversation


@pytest.mark.parametrize("conversation", [None, a_conversation()], ids=["unknown", "not theirs"])
@pytest.mark.parametrize("role", Role)
def test_another_accounts_conversation_is_not_found(
    conversation: Conversation | None, role: Role
) -> None:
    """Nobody else can probe a conversation's id, not even an admin: chats stay private."""
    with pytest.raises(ParleyError) as refused:
        conversations.require_participant(conversation, an_actor(role))

    assert refused.value.code is Code.NOT_FOUND


def test_a_resend_needs_the_same_body() -> None:
    """A resend must have the same body; another body under the same id is refused."""
    stored = a_message(body="Hello")

    conversations.require_same_message(stored, a_message(body="Hello"))
    with pytest.raises(ParleyError) as refused:
        conversations.require_same_message(stored, a_message(body="Goodbye"))

    assert refused.value.code is Code.CLIENT_MESSAGE_ID_REUSED


def test_a_resend_has_the_same_attachments() -> None:
    """Other attachments, or another order, make another message."""
    first, second = ({"id": id_, "media_type": "image/png"} for id_ in ("a1", "a2"))
    stored = a_message(body="", attachments=(first, second))

    conversations.require_same_message(stored, a_message(body="", attachments=(first, second)))
    for other in ((), (first,), (second, first)):
        with pytest.raises(ParleyError) as refused:
            conversations.require_same_message(stored, a_message(body="", attachments=other))
        assert refused.value.code is Code.CLIENT_MESSAGE_ID_REUSED


@pytest.mark.parametrize(
    ("body", "media_types", "text"),
    [
        ("Look at this", ["image/jpeg"], "Look at this"),
        ("", ["image/jpeg"], "Photo"),
        ("", ["image/jpeg", "image/png"], "2 photos"),
        ("", ["audio/mp4"], "Voice message"),
        ("", ["application/pdf"], "offer.pdf"),
        ("", ["application/pdf", "image/png"], "2 files"),
        ("", [], ""),
    ],
)
def test_what_a_preview_shows(body: str, media_types: list[str], text: str) -> None:
    """The body, or else what the attachments are."""
    attachments = tuple(
        {"id": kind, "name": "offer.pdf", "media_type": kind} for kind in media_types
    )

    assert conversations.text_of(a_message(body=body, attachments=attachments)) == text


def test_a_sender_can_change_their_message() -> None:
    """A sender can change their message in its conversation."""
    message = a_message()
    sender = an_actor(account_id=message.sender_id)

    own = conversations.require_own_message(message, message.conversation_id, sender)

    assert own is message


@pytest.mark.parametrize("entry", [None, an_edit(), a_notice()], ids=["unknown", "edit", "notice"])
def test_edits_and_notices_cannot_be_changed(entry: Entry | None) -> None:
    """Edits and notices cannot be changed."""
    conversation_id = entry.conversation_id if entry else "c"
    sender = an_actor(account_id=entry.sender_id if entry else "carla")

    with pytest.raises(ParleyError) as refused:
        conversations.require_own_message(entry, conversation_id, sender)

    assert refused.value.code is Code.NOT_FOUND


def test_a_message_of_another_conversation_is_not_found() -> None:
    """Even its sender must name the right conversation."""
    message = a_message()

    with pytest.raises(ParleyError) as refused:
        conversations.require_own_message(
            message, "another", an_actor(account_id=message.sender_id)
        )

    assert refused.value.code is Code.NOT_FOUND


def test_the_other_sides_message_cannot_be_changed() -> None:
    """The other side's message can be read but not changed."""
    message = a_message()

    with pytest.raises(ParleyError) as refused:
        conversations.require_own_message(message, message.conversation_id, an_actor())

    assert refused.value.code is Code.FORBIDDEN
