"""The ids on the log lines of a call."""

from typing import Any

import pytest

from marketplace.errors import TemporaryError
from marketplace.logs import IDS
from tests.log_lines import log_lines
from tests.realtime.apps import Talk
from tests.realtime.conftest import Connect, Gateways

BODY = "The key is under the mat."


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TemporaryError("MongoDB: AutoReconnect"), "a call failed temporarily"),
        (RuntimeError("a defect"), "a call failed"),
    ],
    ids=["temporary", "defect"],
)
async def test_a_line_of_a_call_names_the_account_and_the_connection(
    error: Exception,
    message: str,
    gateways: Gateways,
    connect: Connect,
    talk: Talk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Events of the connection carry the same correlation id; the line has nothing else of it."""
    app = await connect(gateways[0], talk.customer)

    async def broken(*_: object) -> Any:
        raise error

    monkeypatch.setattr(gateways[0].parts.store.conversations, "get", broken)
    with log_lines() as lines:
        await app.refused("send_message", talk.says("m-1", BODY))
        await app.refused("mark_read", talk.named(sequence=1))

    first, second = lines.of(message)
    assert (first["account_id"], first["call"]) == (talk.customer.id, "send_message")
    assert first["correlation_id"] == second["correlation_id"]
    assert BODY not in lines.text


async def test_a_line_about_a_batch_names_no_single_call(
    gateways: Gateways, connect: Connect, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The messages of many calls are written together; a failure has the ids of none."""
    app = await connect(gateways[0], talk.customer)
    await app.ok("join_conversation", talk.named())

    async def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(gateways[0].parts.store.entries, "insert_in_order", broken)
    with log_lines() as lines:
        await app.refused("send_message", talk.says("m-1", BODY))

    (line,) = lines.of("could not write a batch of entries")
    assert not set(IDS) & set(line)
    assert BODY not in lines.text
