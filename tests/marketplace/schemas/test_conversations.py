"""Calls on conversations."""

import pytest

from marketplace.errors import ParleyError
from marketplace.schemas.conversations import FetchEntries, SendMessage


@pytest.mark.parametrize("ends", [{"after_sequence": 0}, {"before_sequence": 1}])
def test_entries_are_fetched_after_or_before_a_sequence(ends: dict[str, int]) -> None:
    """Entries are fetched after a sequence or before one, fifty by default."""
    assert FetchEntries().read({"conversation_id": "c", **ends}) == {
        "conversation_id": "c",
        "limit": 50,
        "epoch": None,
        **ends,
    }


@pytest.mark.parametrize("ends", [{}, {"after_sequence": 0, "before_sequence": 9}])
def test_entries_need_exactly_one_direction(ends: dict[str, int]) -> None:
    """The refusal says which parameters to send."""
    with pytest.raises(ParleyError, match="exactly one of after_sequence and before_sequence"):
        FetchEntries().read({"conversation_id": "c", **ends})


@pytest.mark.parametrize("limit", [0, 201, -1, "50", None])
def test_a_page_of_entries_is_bounded(limit: object) -> None:
    """A page has one to two hundred entries."""
    with pytest.raises(ParleyError, match="limit"):
        FetchEntries().read({"conversation_id": "c", "after_sequence": 0, "limit": limit})


@pytest.mark.parametrize(
    "client_message_id", ["", "x" * 65, "a b", "a\n", "é", None, 7, {"$ne": None}]
)
def test_a_client_message_id_is_printable_and_short(client_message_id: object) -> None:
    """A client_message_id is short and printable, because an index keeps it permanently."""
    with pytest.raises(ParleyError, match="client_message_id"):
        SendMessage().read({"client_message_id": client_message_id, "body": "Hello"})


def test_a_message_has_no_attachments_by_default() -> None:
    """A message has no attachments by default, and at most ten."""
    call = {"client_message_id": "~!{}$", "body": "Hello"}

    assert SendMessage().read(call) == call | {"attachment_ids": []}
    with pytest.raises(ParleyError, match="attachment_ids"):
        SendMessage().read(call | {"attachment_ids": ["a"] * 11})


@pytest.mark.parametrize("body", ["", "   ", "\u200b\n"])
def test_a_message_without_words_has_attachments(body: str) -> None:
    """A photo needs no caption; a message that shows nothing at all is refused."""
    call = {"client_message_id": "c-1", "body": body}

    with_photo = SendMessage().read(call | {"attachment_ids": ["a1"]})

    assert with_photo == {"client_message_id": "c-1", "body": "", "attachment_ids": ["a1"]}
    with pytest.raises(ParleyError, match="Must not be blank") as refused:
        SendMessage().read(call)
    assert [error.path for error in refused.value.errors] == ["body"]


def test_a_call_without_a_body_is_refused() -> None:
    """The field itself is required, as it always was."""
    with pytest.raises(ParleyError, match="body"):
        SendMessage().read({"client_message_id": "c-1", "attachment_ids": ["a1"]})
