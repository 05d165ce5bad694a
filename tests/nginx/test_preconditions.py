"""A revision that was read compressed through nginx is valid for a change through nginx."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from marketplace.domain.rfis import CloseReason
from rest.app import OPERATIONS
from rest.operations import Operation
from tests.rest.people import (
    Person,
    Rest,
    a_draft_of,
    a_quote_of,
    a_story,
    registered,
)

CHANGES = [operation for operation in OPERATIONS if operation.needs_revision]
# nginx compresses bodies from 1,024 bytes.
LONG = "The trap under the sink drips day and night. " * 100

Case = Callable[[Rest], Awaitable[tuple[Person, str, dict[str, Any]]]]


async def _a_draft(rest: Rest) -> tuple[Person, str, dict[str, Any]]:
    customer = await registered(rest)
    draft = await a_draft_of(customer, description=LONG)
    return customer, draft["id"], {}


async def _a_revision(rest: Rest) -> tuple[Person, str, dict[str, Any]]:
    customer, rfi_id, _ = await _a_draft(rest)
    return customer, rfi_id, {"title": "Two sinks"}


async def _a_closure(rest: Rest) -> tuple[Person, str, dict[str, Any]]:
    customer, rfi_id, _ = await _a_draft(rest)
    return customer, rfi_id, {"reason": CloseReason.NOT_NEEDED}


async def _an_extension(rest: Rest) -> tuple[Person, str, dict[str, Any]]:
    customer, rfi_id, _ = await _a_draft(rest)
    return customer, rfi_id, {"until": (datetime.now(UTC) + timedelta(days=60)).isoformat()}


async def _a_quoted_rfi(rest: Rest) -> tuple[Person, str, dict[str, Any]]:
    story = await a_story(rest, description=LONG)
    quote = (await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))).json()
    named = {"quote_id": quote["id"], "quote_revision": quote["revision"]}
    return story.customer, story.rfi["id"], named


async def _an_awarded_rfi(rest: Rest) -> tuple[Person, str, dict[str, Any]]:
    customer, rfi_id, named = await _a_quoted_rfi(rest)
    path = f"/v1/rfis/{rfi_id}"
    revision = (await customer.get(path)).json()["revision"]
    awarded = await customer.post(f"{path}/award", json=named, if_match=revision)
    assert awarded.status_code == 200, awarded.text
    return customer, rfi_id, {}


# Every operation that needs If-Match: who calls it, for which RFI, with which body.
CASES: dict[str, Case] = {
    "revise_rfi": _a_revision,
    "submit_rfi": _a_draft,
    "withdraw_rfi": _a_draft,
    "close_rfi": _a_closure,
    "extend_rfi": _an_extension,
    "award_rfi": _a_quoted_rfi,
    "cancel_award": _an_awarded_rfi,
}


def test_each_operation_with_if_match_has_a_case() -> None:
    """A new operation must list here how it is tested through nginx."""
    assert {operation.id for operation in CHANGES} == set(CASES)


@pytest.mark.parametrize("operation", CHANGES, ids=lambda operation: operation.id)
async def test_a_compressed_etag_is_accepted_by_if_match(
    rest: Rest,
    entry: httpx.AsyncClient,
    operation: Operation,
) -> None:
    """The weak ETag is sent back unchanged and accepted; another one is stale."""
    person, rfi_id, body = await CASES[operation.id](rest)
    person = replace(person, client=entry)
    read = await person.get(f"/v1/rfis/{rfi_id}")
    path = operation.path.format(rfi_id=rfi_id)

    async def change(etag: str) -> httpx.Response:
        given = {"json": body} if body else {}
        return await person.ask(operation.method, path, headers={"If-Match": etag}, **given)

    stale = await change('W/"99"')
    done = await change(read.headers["etag"])

    assert read.headers["content-encoding"] == "gzip"
    assert read.headers["etag"] == f'W/"{read.json()["revision"]}"'
    assert stale.status_code == 412
    assert done.status_code == 200, done.text


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.reads and operation.gives_revision],
    ids=lambda operation: operation.id,
)
async def test_a_compressed_etag_is_accepted_by_if_none_match(
    rest: Rest,
    entry: httpx.AsyncClient,
    operation: Operation,
) -> None:
    """The weak ETag matches as long as the revision is current."""
    person, rfi_id, _ = await _a_draft(rest)
    person = replace(person, client=entry)
    path = operation.path.format(rfi_id=rfi_id)
    read = await person.get(path)

    again = await person.get(path, headers={"If-None-Match": read.headers["etag"]})

    assert read.headers["etag"] == 'W/"1"'
    assert (again.status_code, again.content) == (304, b"")
