"""Cursors: a list accepts only the cursors that were issued for it."""

import base64
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from rest.app import OPERATIONS
from rest.cursors import MAX_CURSOR_CHARACTERS, Cursors
from tests.rest.people import Rest, an_admin, an_open_rfi, paths_of, refusal, registered

CURSORS = Cursors("a secret of at least 32 characters")
LISTS = [
    operation
    for operation in OPERATIONS
    if operation.query is not None and "cursor" in operation.query.fields
]


def encoded(position: str) -> str:
    """A position as cursors encoded it before they were signed."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def test_a_cursor_returns_its_position() -> None:
    """An issued cursor returns its position, and is safe in a URL unescaped."""
    for position in (new_id(), "after17", "1250.75:3", "7"):
        cursor = CURSORS.seal("/v1/rfis", position)

        assert CURSORS.open("/v1/rfis", cursor) == position
        assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("path", "cursors"),
    [
        ("/v1/rfis/other/quotes", CURSORS),
        ("/v1/rfis/one/quotes", Cursors("another secret of 32 characters.")),
    ],
)
def test_a_cursor_of_another_list_is_refused(path: str, cursors: Cursors) -> None:
    """Another list or another deployment refuses the cursor."""
    cursor = CURSORS.seal("/v1/rfis/one/quotes", "7")

    with pytest.raises(ParleyError) as refused:
        cursors.open(path, cursor)

    assert refused.value.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.value.errors] == ["cursor"]


@given(st.text())
@example("\ud800")
@example("=")
@example("YQ==\n")
@example("A" * (MAX_CURSOR_CHARACTERS + 1))
@example(encoded("x" * 32))
def test_a_forged_cursor_is_refused(cursor: str) -> None:
    """Any text that was not issued is refused by field name, and fails in no other way."""
    with pytest.raises(ParleyError) as refused:
        CURSORS.open("/v1/rfis", cursor)

    assert [error.path for error in refused.value.errors] == ["cursor"]


@pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.id)
async def test_every_list_refuses_a_forged_cursor(rest: Rest, operation: Any) -> None:
    """A forged cursor is refused before any query, even before the listed object is looked up."""
    admin = await an_admin(rest)
    path = operation.path
    for name in ("rfi_id", "conversation_id", "quote_id"):
        path = path.replace(f"{{{name}}}", "nothing")
    given = {"near": "0,0"} if "near" in operation.query.fields else {}

    for invented in (encoded(new_id()), encoded("7"), "!"):
        response = await admin.get(path, params={**given, "cursor": invented})

        assert refusal(response) == (422, "validation_failed")
        assert paths_of(response) == ["cursor"]


async def test_a_cursor_of_another_rfis_changes_is_refused(rest: Rest) -> None:
    """The cursor of one RFI's changes does not read another RFI's changes."""
    customer = await registered(rest)
    one, other = [await an_open_rfi(rest, customer) for _ in range(2)]
    path = f"/v1/rfis/{one['id']}/changes"
    cursor = (await customer.get(path, params={"limit": 1})).json()["next_cursor"]

    on = await customer.get(path, params={"cursor": cursor})
    elsewhere = await customer.get(f"/v1/rfis/{other['id']}/changes", params={"cursor": cursor})

    assert [change["revision"] for change in on.json()["items"]] == [2]
    assert refusal(elsewhere) == (422, "validation_failed")
