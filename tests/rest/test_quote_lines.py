"""Quotes with lines, taxes and a checked total; their revisions side by side."""

from typing import Any

import pytest

from tests.rest.people import Rest, a_quote_of, a_story, paths_of, refusal, registered
from tests.rest.uploads import a_ready_photo

LABOUR = {"description": "Labour", "quantity": 2.5, "unit_price_minor": 8_000, "tax_rate": 0}
PIPE = {"description": "Pipe", "quantity": 3, "unit_price_minor": 333, "tax_rate": 8.875}
# 20,000 and 999, and 88.66 of tax on the pipe.
TOTAL = 20_000 + 999 + 89


def lined(rfi: dict[str, Any], **named: Any) -> dict[str, Any]:
    """A quote for labour and pipes."""
    return a_quote_of(rfi, **{"lines": [LABOUR, PIPE], "amount_minor": TOTAL, **named})


async def test_a_quote_says_what_its_total_consists_of(rest: Rest) -> None:
    """Every reader sees each line with its amount, the subtotal and the tax."""
    story = await a_story(rest)

    answer = await story.vendor.post(f"{story.path}/quotes", json=lined(story.rfi))

    assert answer.status_code == 201, answer.text
    (listed,) = (await story.customer.get(f"{story.path}/quotes")).json()["items"]
    assert listed == answer.json()
    assert listed["lines"] == [
        {**LABOUR, "amount_minor": 20_000},
        {**PIPE, "amount_minor": 999},
    ]
    figures = (listed["subtotal_minor"], listed["tax_minor"], listed["amount_minor"])
    assert figures == (20_999, 89, TOTAL)


async def test_a_wrong_total_is_refused_with_the_right_one(rest: Rest) -> None:
    """A vendor that rounds in another way learns what the total must be; nothing is stored."""
    story = await a_story(rest)

    answer = await story.vendor.post(
        f"{story.path}/quotes", json=lined(story.rfi, amount_minor=TOTAL - 1)
    )

    assert refusal(answer) == (422, "validation_failed")
    assert paths_of(answer) == ["amount_minor"]
    assert str(TOTAL) in answer.json()["detail"]
    assert (await story.customer.get(f"{story.path}/quotes")).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("lines.0.quantity", [{**PIPE, "quantity": 1.0001}]),
        ("lines.0.quantity", [{**PIPE, "quantity": "3"}]),
        ("lines.1.tax_rate", [PIPE, {**PIPE, "tax_rate": 101}]),
        ("lines.0.unit_price_minor", [{**PIPE, "unit_price_minor": 3.33}]),
        ("lines.0.description", [{**PIPE, "description": "two\u2028lines" * 40}]),
        ("lines.0.colour", [{**PIPE, "colour": "red"}]),
        ("lines", [PIPE] * 51),
        ("lines", {"0": PIPE}),
        ("lines", None),
    ],
)
async def test_lines_that_are_none_are_refused(rest: Rest, path: str, lines: object) -> None:
    """Each figure at fault has its path."""
    vendor = await registered(rest, role="vendor")
    body = a_quote_of({"revision": 1}, lines=lines)

    answer = await vendor.post("/v1/rfis/any/quotes", json=body)

    assert refusal(answer) == (422, "validation_failed")
    assert paths_of(answer) == [path]


async def test_revisions_can_be_read_side_by_side(rest: Rest) -> None:
    """Each has all of its figures, and what differs from the one before."""
    story = await a_story(rest)
    path = f"{story.path}/quotes"
    fewer = {**PIPE, "quantity": 1}
    bodies = [
        a_quote_of(story.rfi),
        lined(story.rfi),
        lined(story.rfi, lines=[LABOUR, fewer], amount_minor=20_000 + 333 + 30),
    ]
    for body in bodies:
        quote = (await story.vendor.post(path, json=body)).json()

    listed = (await story.customer.get(f"/v1/quotes/{quote['id']}/revisions")).json()["items"]

    assert listed[0]["lines"] == []
    assert listed[2]["lines"] == quote["lines"]
    changes = [
        {change["path"]: (change["old"], change["new"]) for change in revision["changes"]}
        for revision in listed
    ]
    assert changes[0] == {}
    assert changes[1]["tax_minor"] == (None, 89)
    assert changes[1]["lines.1.quantity"] == (None, 3)
    assert changes[2] == {
        "amount_minor": (TOTAL, 20_363),
        "subtotal_minor": (20_999, 20_333),
        "tax_minor": (89, 30),
        "lines.1.quantity": (3, 1),
        "lines.1.amount_minor": (999, 333),
    }


async def test_a_quote_has_files(rest: Rest) -> None:
    """The customer reads them by the quote's ids; a file of somebody else is refused."""
    story = await a_story(rest)
    drawing = await a_ready_photo(story.vendor)
    others = await a_ready_photo(story.customer)
    path = f"{story.path}/quotes"

    quoted = await story.vendor.post(
        path, json=a_quote_of(story.rfi, attachment_ids=[drawing["id"]])
    )
    refused = await story.vendor.post(
        path, json=a_quote_of(story.rfi, attachment_ids=[others["id"]])
    )

    assert quoted.json()["attachment_ids"] == [drawing["id"]]
    read = await story.customer.get(f"/v1/attachments/{drawing['id']}")
    assert (read.status_code, read.json()["id"]) == (200, drawing["id"])
    stranger = await registered(rest)
    unseen = await stranger.get(f"/v1/attachments/{drawing['id']}")
    assert refusal(unseen) == (404, "not_found")
    assert refusal(refused) == (422, "validation_failed")
    assert paths_of(refused) == ["attachment_ids"]
