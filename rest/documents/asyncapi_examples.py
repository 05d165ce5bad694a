"""Example payloads for the AsyncAPI document; a test validates each against its schema."""

from collections.abc import Mapping
from typing import Any

_CONVERSATION = {"conversation_id": "0198c3a2b7f07d3e9b4c1f52a6d80e11"}
_AT = "2026-03-14T15:09:26.535Z"
_CUSTOMER, _VENDOR = "0198c3a2b7f07d3e9b4c1f52a6d80e01", "0198c3a2b7f07d3e9b4c1f52a6d80e02"
_MESSAGE = {
    "id": "0198c3a2b7f07d3e9b4c1f52a6d80e33",
    **_CONVERSATION,
    "sequence": 12,
    "client_message_id": "7c9e6679",
    "sender_id": _CUSTOMER,
    "channel": "app",
    "body": "Could you come on Thursday?",
    "attachments": [],
    "sent_at": _AT,
}
_DECISION = {
    "vendor_id": _VENDOR,
    "state": "active",
    "state_reason": "The papers are in order.",
    "updated_at": _AT,
    "review": {
        "outcome": "approved",
        "reason": "The papers are in order.",
        "steps": [],
        "is_of_changes": False,
        "at": _AT,
    },
}
_NOT_VALID = {
    "code": "validation_failed",
    "message": "Some values are invalid: body.",
    "temporary": False,
    "errors": [{"path": "body", "message": "Must not be blank."}],
}

EXAMPLES: Mapping[str, list[Any]] = {
    "join_conversation": [_CONVERSATION, {**_CONVERSATION, "after_sequence": 11}],
    "fetch_entries": [{**_CONVERSATION, "after_sequence": 11, "limit": 50}],
    "send_message": [
        {**_CONVERSATION, "client_message_id": "7c9e6679", "body": "Could you come on Thursday?"}
    ],
    "send_message.acknowledgement": [
        {"ok": True, "message": _MESSAGE},
        {"ok": False, "error": _NOT_VALID},
        {
            "ok": False,
            "error": {
                "code": "unavailable",
                "message": "A required service is temporarily unavailable. Try again.",
                "temporary": True,
                "retry_after_ms": 1_000,
            },
        },
    ],
    "mark_read": [{**_CONVERSATION, "sequence": 12}],
    "set_typing": [{**_CONVERSATION, "is_typing": True}],
    "join_rfi": [{"rfi_id": "0198c3a2b7f07d3e9b4c1f52a6d80e44", "after_revision": 2}],
    "join_account": [{}, {"after_position": 41, "epoch": "0"}],
    "join_account.acknowledgement": [
        {
            "ok": True,
            "position": 42,
            "epoch": "0",
            "items": [
                {
                    "position": 42,
                    "name": "vendor.decided",
                    "data": _DECISION,
                    "at": _AT,
                }
            ],
            "has_more": False,
            "is_snapshot": False,
        }
    ],
    "vendor.decided": [{**_DECISION, "position": 42}],
    "team.updated": [
        {
            "account_id": "0198c3a2b7f07d3e9b4c1f52a6d80e71",
            "role": "agent",
            "changed_by": _DECISION["vendor_id"],
            "at": _AT,
            "position": 43,
        }
    ],
    "conversation.assigned": [
        {
            **_CONVERSATION,
            "account_id": "0198c3a2b7f07d3e9b4c1f52a6d80e71",
            "assigned_by": _DECISION["vendor_id"],
            "at": _AT,
            "position": 44,
        }
    ],
    "inbox.updated": [
        {
            **_CONVERSATION,
            "last_entry": {
                "sequence": 12,
                "kind": "message",
                "at": _AT,
                "sender_id": _CUSTOMER,
                "preview": "Could you come on Thursday?",
                "attachment_count": 0,
                "code": None,
            },
            "unread": 1,
            "is_muted": False,
            "is_archived": False,
        }
    ],
    "inbox.read": [{**_CONVERSATION, "read_sequence": 12, "head": 12}],
    "message.sent": [_MESSAGE],
    "message.edited": [
        {
            **_CONVERSATION,
            "kind": "edit",
            "sequence": 13,
            "at": _AT,
            "message_id": _MESSAGE["id"],
            "sender_id": _CUSTOMER,
            "body": "Could you come on Friday?",
        }
    ],
    "typing.updated": [{**_CONVERSATION, "account_id": _VENDOR, "is_typing": True}],
    "session.expiring": [{"expires_in_s": 60}],
}
