"""Who may do what in a conversation."""

import pytest

from marketplace.domain import conversations
from marketplace.domain.accounts import Role
from marketplace.domain.conversations import MAX_BODY_CHARACTERS, Conversation, Entry
from marketplace.errors import Code, ParleyError
from marketplace.schemas.conversations import SendMessage
from tests.builders import a_conversation, a_message, a_notice, an_actor, an_edit


def test_participants_know_themselves_and_the_others() -> None:
    """Each side has the other."""
    conversation = a_conversation()
    customer, vendor = conversation.participants

    assert conversation.has(customer.account_id)
    assert not conversation.has("somebody else")
    assert conversation.others(customer.account_id) == (vendor,)


def test_a_participant_is_let_in() -> None:
    """Whichever side."""
    conversation = a_conversation()

    for each in conversation.participants:
        actor = an_actor(account_id=each.account_id)
        assert conversations.require_participant(conversation, actor) is conversation


@pytest.mark.parametrize("conversation", [None, a_conversation()], ids=["unknown", "not theirs"])
@pytest.mark.parametrize("role", Role)
def test_somebody_elses_conversation_looks_like_none(
    conversation: Conversation | None, role: Role
) -> None:
    """Whoever asks, also an admin: an id cannot be probed, and chats stay between the two."""
    with pytest.raises(ParleyError) as refused:
        conversations.require_participant(conversation, an_actor(role))

    assert refused.value.code is Code.NOT_FOUND


def test_a_resend_has_the_same_words() -> None:
    """The same is let through; another message under the same id is refused."""
    stored = a_message(body="Hello")

    conversations.require_same_message(stored, "Hello")
    with pytest.raises(ParleyError) as refused:
        conversations.require_same_message(stored, "Goodbye")

    assert refused.value.code is Code.CLIENT_MESSAGE_ID_REUSED


def test_ones_own_message_can_be_changed() -> None:
    """By its sender, in its conversation."""
    message = a_message()
    sender = an_actor(account_id=message.sender_id)

    own = conversations.require_own_message(message, message.conversation_id, sender)

    assert own is message


@pytest.mark.parametrize("entry", [None, an_edit(), a_notice()], ids=["unknown", "edit", "notice"])
def test_what_is_no_message_cannot_be_changed(entry: Entry | None) -> None:
    """Edits and notices stay as they are."""
    conversation_id = entry.conversation_id if entry else "c"
    sender = an_actor(account_id=entry.sender_id if entry else "carla")

    with pytest.raises(ParleyError) as refused:
        conversations.require_own_message(entry, conversation_id, sender)

    assert refused.value.code is Code.NOT_FOUND


def test_a_message_of_another_conversation_is_not_found() -> None:
    """Also for its sender: the call names the wrong place."""
    message = a_message()

    with pytest.raises(ParleyError) as refused:
        conversations.require_own_message(
            message, "another", an_actor(account_id=message.sender_id)
        )

    assert refused.value.code is Code.NOT_FOUND


def test_the_other_sides_message_is_not_ones_own() -> None:
    """One can see it and not change it."""
    message = a_message()

    with pytest.raises(ParleyError) as refused:
        conversations.require_own_message(message, message.conversation_id, an_actor())

    assert refused.value.code is Code.FORBIDDEN


def test_the_schema_and_the_rule_agree_on_the_longest_message() -> None:
    """The number stands in two places and is one."""
    call = {"client_message_id": "1", "body": "x" * MAX_BODY_CHARACTERS}

    assert SendMessage().read(call)["body"] == call["body"]
    with pytest.raises(ParleyError):
        SendMessage().read(call | {"body": call["body"] + "x"})


def test_an_answer_has_as_many_entries_as_a_slow_network_takes() -> None:
    """200,000 bytes of the first or of the newest, and one entry however long it is."""
    entries = [a_message(sequence=each, body="x" * 60_000) for each in range(1, 7)]

    assert [each.sequence for each in conversations.fit_page(entries)] == [1, 2, 3]
    assert [each.sequence for each in conversations.fit_page(entries, newest=True)] == [4, 5, 6]
    emoji = [a_message(sequence=each, body="🙂" * 15_000) for each in range(1, 7)]
    assert [each.sequence for each in conversations.fit_page(emoji)] == [1, 2, 3]
    huge = [a_message(body="x" * 300_000), a_message()]
    assert conversations.fit_page(huge) == huge[:1]
    assert conversations.fit_page([]) == []
