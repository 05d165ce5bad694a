"""The fast path before marshmallow never decides differently from marshmallow."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.schemas import conversations
from marketplace.schemas.fast_check import FastCheck
from marketplace.schemas.strict import Strict

QUICK = (
    conversations.SocketSendMessage,
    conversations.EditMessage,
    conversations.DeleteMessage,
    conversations.MarkPosition,
    conversations.SetTyping,
    conversations.JoinConversation,
    conversations.JoinRfi,
    conversations.ConversationCall,
)
AN_ID = "0192f3c2e0b07b8a9c1d2e3f40516273"
VALUES = st.one_of(
    st.text(max_size=70),
    st.text("\x00\x07\t\n \u00a0\ud800é😀aZ_-9", max_size=5),
    st.just(AN_ID),
    st.just("x" * 8_000),
    st.just("x" * 8_001),
    st.integers(-2, 3),
    st.integers(2**53 - 2, 2**53 + 1),
    st.booleans(),
    st.none(),
    st.floats(),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@pytest.mark.parametrize("schema", QUICK, ids=lambda schema: schema.__name__)
@given(data=st.data())
def test_the_fast_path_and_marshmallow_load_the_same(
    schema: type[Strict], data: st.DataObject
) -> None:
    """This holds for any payload of known field names and an unknown one."""
    instance = schema()
    names = st.sampled_from([*instance.fields, "stranger"])
    payload: dict[str, Any] = data.draw(st.dictionaries(names, VALUES))

    quick = FastCheck(instance).read(payload)

    assert quick is None or quick == instance.load(payload)


@pytest.mark.parametrize("schema", QUICK, ids=lambda schema: schema.__name__)
def test_valid_payloads_take_the_fast_path(schema: type[Strict]) -> None:
    """Valid payloads take the fast path."""
    good = {
        "conversation_id": AN_ID,
        "rfi_id": AN_ID,
        "message_id": AN_ID,
        "client_message_id": "m-1",
        "body": "Grüße, 5 pm?\nYes 😀",
        "sequence": 7,
        "is_typing": True,
    }
    instance = schema()
    payload = {name: good[name] for name in instance.fields if name in good}

    quick = FastCheck(instance).read(payload)

    assert quick is not None
    assert quick == instance.load(payload)


def test_a_check_across_fields_is_left_to_marshmallow() -> None:
    """A schema with checks across several fields has no fast path."""
    schema = conversations.FetchEntries()

    assert FastCheck(schema).read({"conversation_id": AN_ID, "after_sequence": 1}) is None
