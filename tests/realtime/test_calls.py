"""Invalid payloads: the error is clear, and the connection stays open."""

from typing import Any

import pytest

from realtime.transport import server
from tests.realtime.apps import Talk
from tests.realtime.conftest import Connect, Gateways

NOT_NULL = {"$ne": None}


async def test_an_unknown_call_is_answered_with_the_known_ones(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """An app's developer sees the calls that exist."""
    app = await connect(gateways[0], talk.customer)

    answer = await app.call("send_mesage", {})

    assert answer["error"]["code"] == "unknown_event"
    assert "send_message" in answer["error"]["message"]
    assert answer["error"]["temporary"] is False


@pytest.mark.parametrize(
    "payload",
    [None, [], "text", 7, True, [{"conversation_id": "c"}], {}],
    ids=str,
)
async def test_a_payload_that_is_empty_or_not_an_object_is_refused(
    payload: Any, gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Every call refuses it, and none crashes."""
    app = await connect(gateways[0], talk.customer)

    for name in ("join_conversation", "send_message", "set_typing", "join_rfi"):
        assert await app.refused(name, payload) == "validation_failed"


@pytest.mark.parametrize(
    ("name", "wrong", "path"),
    [
        ("join_conversation", {"conversation_id": NOT_NULL}, "conversation_id"),
        ("join_conversation", {"after_sequence": "5"}, "after_sequence"),
        ("join_conversation", {"after_sequence": -1}, "after_sequence"),
        ("join_conversation", {"after_sequence": NOT_NULL}, "after_sequence"),
        ("join_conversation", {"$where": "1"}, "$where"),
        ("fetch_entries", {"after_sequence": 0, "limit": 201}, "limit"),
        ("fetch_entries", {"after_sequence": 0, "limit": 0}, "limit"),
        ("fetch_entries", {"after_sequence": 1e30}, "after_sequence"),
        ("send_message", {"client_message_id": NOT_NULL, "body": "a"}, "client_message_id"),
        ("send_message", {"client_message_id": "m", "body": NOT_NULL}, "body"),
        ("send_message", {"client_message_id": "m", "body": " \n"}, "body"),
        ("send_message", {"client_message_id": "m", "body": "a" * 8_001}, "body"),
        ("send_message", {"client_message_id": "m", "body": "\u200b\x00"}, "body"),
        ("send_message", {"client_message_id": "m m", "body": "a"}, "client_message_id"),
        ("edit_message", {"message_id": ["m"], "body": "a"}, "message_id"),
        ("mark_read", {"sequence": True}, "sequence"),
        ("mark_read", {"sequence": 1.5}, "sequence"),
        ("mark_read", {"sequence": 0}, "sequence"),
        ("set_typing", {"is_typing": "yes"}, "is_typing"),
    ],
)
async def test_a_value_of_the_wrong_type_is_named(
    name: str,
    wrong: dict[str, Any],
    path: str,
    gateways: Gateways,
    connect: Connect,
    talk: Talk,
) -> None:
    """No operator and no similar type gets through; the error names the value."""
    app = await connect(gateways[0], talk.customer)

    answer = await app.call(name, {**talk.named(), **wrong})

    assert answer["error"]["code"] == "validation_failed"
    assert path in {error["path"] for error in answer["error"]["errors"]}
    assert (await app.ok("join_conversation", talk.named()))["head"] == 0


async def test_the_longest_message_is_accepted_in_any_script(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """8,000 characters of four bytes each pass, also if an app escapes them."""
    app = await connect(gateways[0], talk.customer)
    body = "🙂" * 8_000

    message = (await app.ok("send_message", talk.says("m-1", body)))["message"]

    assert message["body"] == body


async def test_an_oversized_packet_ends_only_its_connection(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Nothing of that size stays in memory longer than it takes to count it."""
    app = await connect(gateways[0], talk.customer)
    other = await connect(gateways[0], talk.vendor)

    await app.client.emit("send_message", talk.says("m", "a" * server.MAX_PAYLOAD_BYTES))
    await app.closed()

    assert (await other.ok("join_conversation", talk.named()))["head"] == 0
