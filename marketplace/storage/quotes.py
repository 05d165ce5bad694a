"""Quotes."""

from pymongo import ASCENDING

from marketplace.domain.quotes import Quote
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document

_MAX_OF_RFI = 1_000


@repository
class MongoQuotes(Collection[Quote]):
    """Quotes, unique by (rfi_id, vendor_id)."""

    name = "quotes"
    kind = Quote

    async def add(self, quote: Quote) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(quote), session=self.session)

    async def get(self, quote_id: str) -> Quote | None:
        """By id."""
        return await self._get(quote_id)

    async def save(self, quote: Quote) -> None:
        """Replace."""
        await self._collection.replace_one(
            {"_id": quote.id}, to_document(quote), session=self.session
        )

    async def of_rfi(self, rfi_id: str) -> list[Quote]:
        """All of an RFI, in the order they came."""
        return await self._many({"rfi_id": rfi_id}, sort=[("_id", ASCENDING)], limit=_MAX_OF_RFI)

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Quote | None:
        """The one of a vendor on an RFI."""
        return await self._one(rfi_id=rfi_id, vendor_id=vendor_id)
