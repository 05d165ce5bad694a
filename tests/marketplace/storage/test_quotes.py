"""Quotes alongside the previous version, which writes them without a revision."""

from dataclasses import replace
from typing import Any

from marketplace.domain.quote_revisions import revision_of
from marketplace.domain.quotes import QuoteState
from marketplace.storage import MongoStore
from marketplace.storage.documents import to_document
from marketplace.storage.migrations import v0_2
from tests.builders import NOW, a_line, a_quote


def as_the_previous_version_writes(quote: Any) -> dict[str, Any]:
    """The quote's document without the fields that the previous version does not know."""
    document = to_document(quote)
    for name in (
        "revision",
        "lines",
        "attachment_ids",
        "confirmed_rfi_revision",
        "closed_reason",
        "closed_note",
    ):
        document.pop(name, None)
    return document


async def test_a_quote_without_a_revision_number_is_at_revision_1(
    mongodb_store: MongoStore,
) -> None:
    """A quote without a revision number is at revision 1."""
    quote = a_quote()
    await mongodb_store.database["quotes"].insert_one(as_the_previous_version_writes(quote))

    found = await mongodb_store.quotes.get(quote.id)

    assert found == quote
    assert found.revision == 1


async def test_figures_saved_by_the_previous_version_become_the_next_revision(
    mongodb_store: MongoStore,
) -> None:
    """The previous version drops the number; figures that were never kept are the next one."""
    quote = a_quote(revision=2)
    await mongodb_store.quotes.add(quote)
    await mongodb_store.quotes.keep_revision(revision_of(quote))
    quotes = mongodb_store.database["quotes"]
    dearer = replace(quote, amount_minor=99_000)

    await quotes.replace_one({"_id": quote.id}, as_the_previous_version_writes(quote))
    unchanged = await mongodb_store.quotes.get(quote.id)
    await quotes.replace_one({"_id": quote.id}, as_the_previous_version_writes(dearer))
    changed = await mongodb_store.quotes.of_rfi(quote.rfi_id)

    assert unchanged == quote
    assert changed == [replace(dearer, revision=3)]


async def test_the_migration_stores_the_first_revision(mongodb_store: MongoStore) -> None:
    """A second run changes nothing, and quotes with a revision stay as they are."""
    old, new = a_quote(valid_until=NOW), a_quote(revision=3)
    await mongodb_store.database["quotes"].insert_one(as_the_previous_version_writes(old))
    await mongodb_store.quotes.add(new)

    for _ in range(2):
        await v0_2.quote_revisions(mongodb_store.database)

    document = await mongodb_store.database["quotes"].find_one({"_id": old.id})
    assert document is not None
    assert document["revision"] == 1
    assert await mongodb_store.quotes.revisions(old.id, 0, 10) == [revision_of(old)]
    assert await mongodb_store.quotes.revisions(new.id, 0, 10) == []
    assert await mongodb_store.quotes.get(new.id) == new


async def test_a_quote_that_the_previous_version_closes_keeps_its_lines(
    mongodb_store: MongoStore,
) -> None:
    """It drops what it does not know; the stored revision still has it."""
    quote = a_quote(revision=2, lines=(a_line(),), attachment_ids=("a1",))
    await mongodb_store.quotes.add(quote)
    await mongodb_store.quotes.keep_revision(revision_of(quote))
    closed = replace(quote, state=QuoteState.CLOSED)

    await mongodb_store.database["quotes"].replace_one(
        {"_id": quote.id}, as_the_previous_version_writes(closed)
    )

    assert await mongodb_store.quotes.get(quote.id) == closed


async def test_quotes_that_expire_are_found_by_an_index(mongodb_store: MongoStore) -> None:
    """A sweep reads no quote without an end."""
    await mongodb_store.quotes.add(a_quote(valid_until=NOW))
    found = mongodb_store.database["quotes"].find(
        {"state": "submitted", "valid_until": {"$type": "date"}, "updated_at": {"$lte": NOW}},
        sort=[("updated_at", 1), ("_id", 1)],
    )

    plan = await found.explain()

    assert "'expiring'" in repr(plan["queryPlanner"]["winningPlan"])
