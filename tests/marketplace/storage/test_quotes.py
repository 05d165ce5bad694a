"""Quotes alongside the previous version, which writes them without a revision."""

from dataclasses import replace
from typing import Any

from marketplace.domain.quotes import revision_of
from marketplace.storage import MongoStore
from marketplace.storage.documents import to_document
from marketplace.storage.migrations import v0_2
from tests.builders import NOW, a_quote


def as_the_previous_version_writes(quote: Any) -> dict[str, Any]:
    """The quote's document without the fields that the previous version does not know."""
    document = to_document(quote)
    document.pop("revision", None)
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
