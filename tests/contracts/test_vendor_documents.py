"""Vendors' documents."""

from dataclasses import replace
from datetime import timedelta

from marketplace.domain.vendor_documents import DocumentState, DocumentType
from marketplace.ids import new_id
from marketplace.ports import Store
from tests.builders import NOW
from tests.rows import a_document


async def test_a_stored_document_reads_back_equal(store: Store) -> None:
    """With every field, and with none of the optional ones."""
    full = a_document(
        type=DocumentType.INSURANCE,
        state=DocumentState.REFUSED,
        category="plumbing",
        expires_on="2040-12-31",
        expires_at=NOW + timedelta(days=200),
        reason="Unreadable.",
    )
    bare = a_document(number=None)

    await store.transact(lambda tx: tx.vendor_documents.save_many([full, bare]))

    assert await store.vendor_documents.get(full.id) == full
    assert await store.vendor_documents.get(bare.id) == bare
    assert await store.vendor_documents.get("nothing") is None


async def test_saving_replaces_by_id(store: Store) -> None:
    """A field that ended is gone."""
    document = a_document(reason="Unreadable.", state=DocumentState.REFUSED)
    await store.vendor_documents.save_many([document])

    accepted = replace(document, state=DocumentState.ACCEPTED, reason=None)
    await store.vendor_documents.save_many([accepted])
    await store.vendor_documents.save_many([])

    assert await store.vendor_documents.of_vendor(document.vendor_id) == [accepted]


async def test_a_vendors_documents_are_listed_oldest_first(store: Store) -> None:
    """Those of other vendors are not, and a removed one no longer."""
    vendor_id = new_id()
    first, second, third = [a_document(vendor_id=vendor_id) for _ in range(3)]
    await store.vendor_documents.save_many([second, third, a_document(), first])

    await store.transact(lambda tx: tx.vendor_documents.remove(second.id))
    await store.vendor_documents.remove("nothing")

    assert await store.vendor_documents.of_vendor(vendor_id) == [first, third]
