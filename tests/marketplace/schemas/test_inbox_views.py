"""The views of inboxes and of accounts' feeds, checked against the schemas that document them."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from marketplace.domain.account_feed import FeedItem
from marketplace.domain.feeds import ItemPage
from marketplace.domain.inbox import InboxRow, RfiLine, last_entry
from marketplace.domain.rfis import RfiState
from marketplace.schemas.account_feed import JoinedAccount
from marketplace.schemas.inbox import InboxUpdated, ListedConversation
from marketplace.schemas.views import inbox_push, inbox_row_view, item_page_view
from tests.builders import NOW, a_conversation, a_deletion, a_message, a_notice, an_edit


def a_row() -> InboxRow:
    """A conversation with an unread message."""
    conversation = a_conversation()
    return InboxRow(
        conversation=conversation,
        account_id=conversation.participants[0].account_id,
        active_at=NOW,
        read_sequence=2,
        unread=1,
        last_entry=last_entry(a_message(sequence=3, attachments=({"id": "a1"},))),
        is_muted=True,
        is_archived=False,
        rfi=RfiLine("rfi-1", "Leaking sink", RfiState.OPEN),
    )


def _json(value: object) -> Any:
    return orjson.loads(orjson.dumps(value))


@pytest.mark.parametrize(
    "row",
    [
        a_row(),
        replace(a_row(), rfi=None, last_entry=None),
        *(
            replace(a_row(), last_entry=last_entry(replace(entry, sequence=9)))
            for entry in (an_edit(), a_deletion(), a_notice())
        ),
    ],
    ids=["a message", "nothing yet", "an edit", "a deletion", "a notice"],
)
def test_a_rows_views_match_their_schemas(row: InboxRow) -> None:
    """A listed conversation and its push have exactly the fields of the contract."""
    listed, pushed = _json(inbox_row_view(row)), _json(inbox_push(row))

    assert ListedConversation().validate(listed) == {}
    assert listed.keys() == ListedConversation().fields.keys()
    assert InboxUpdated().validate(pushed) == {}
    assert pushed.keys() == InboxUpdated().fields.keys()
    shared = pushed.keys() - {"conversation_id"}
    assert {name: listed[name] for name in shared} == {name: pushed[name] for name in shared}


def test_a_page_of_items_matches_its_schema() -> None:
    """A page has exactly the fields of the contract, and so has each of its items."""
    items = [
        FeedItem("carla", "match.offered", {"id": "m-1"}, NOW, position) for position in (1, 2)
    ]
    view = _json(item_page_view(ItemPage(items, 2, False, "0", True)))

    assert JoinedAccount().validate(view) == {}
    assert view.keys() == JoinedAccount().fields.keys()
    assert [item["position"] for item in view["items"]] == [1, 2]
