"""The gateway and the tables of the contract agree.

Every test that connects an app checks the answers and pushes of running gateways against the
tables: see `connect` in conftest.py.
"""

from typing import Any, cast

from marketplace.domain.conversations import EntryKind
from marketplace.schemas.entries import AnyEntry
from marketplace.schemas.socket import CALLS, EVERY_CALL, HANDSHAKE, PUSHES
from marketplace.schemas.views import PUSHES as ENTRY_PUSHES
from realtime.account_feed import AccountCalls
from realtime.conversations import ConversationCalls
from realtime.rfis import RfiCalls
from tests.realtime.contract import fault_of_answer, fault_of_push, fault_of_refusal


def test_every_call_is_validated_with_its_schema() -> None:
    """The gateway serves exactly the contract's calls, each with the listed schema."""
    nothing = cast(Any, None)
    served = {
        **ConversationCalls(nothing, nothing, nothing, nothing, nothing).calls(),
        **RfiCalls(nothing, nothing).calls(),
        **AccountCalls(nothing, nothing).calls(),
    }

    assert {name: type(call.schema) for name, call in served.items()} == {
        name: type(call.request) for name, call in CALLS.items()
    }


def test_every_kind_of_entry_has_a_schema_and_a_push() -> None:
    """No kind of entry can be added without a push."""
    assert set(AnyEntry.kinds) == {kind.value for kind in EntryKind}
    assert set(ENTRY_PUSHES.values()) <= PUSHES.keys()


def test_no_code_is_listed_twice() -> None:
    """A call lists only codes that are not common to every call."""
    for name, call in CALLS.items():
        assert len({*call.errors, *EVERY_CALL}) == len(call.errors) + len(EVERY_CALL), name
    assert len(set(HANDSHAKE)) == len(HANDSHAKE)


def test_an_invalid_answer_is_found() -> None:
    """The check against the document tells valid data from invalid."""
    typing = {"conversation_id": "c1", "account_id": "a1", "is_typing": True}
    assert fault_of_push("typing.updated", typing) is None
    assert fault_of_push("typing.updated", {**typing, "is_typing": "yes"}) is not None
    assert fault_of_push("typing.udpated", typing) is not None
    refusal = {"code": "not_found", "message": "None.", "temporary": False}
    assert fault_of_answer("mark_read", {"ok": True}) is None
    assert fault_of_answer("mark_read", {"ok": False, "error": refusal}) is None
    assert fault_of_answer("leave_rfi", {"ok": False, "error": refusal}) is not None
    assert fault_of_answer("mark_read", {}) is not None
    assert fault_of_refusal({"code": "draining", "temporary": True}) is None
    assert fault_of_refusal({"code": "not_found", "temporary": False}) is not None
