"""What is known about the addresses of accounts."""

from collections.abc import Sequence
from dataclasses import replace

from marketplace.domain.addresses import (
    Address,
    AddressKind,
    Suppression,
    suppression_of,
    unknown,
)
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import from_document, to_document


@repository
class MongoAddresses(Collection[Address]):
    """Addresses of accounts; suppressions are in a collection of their own, for each address once.

    The previous version reads and writes `suppressions` too.
    """

    name = "addresses"
    kind = Address

    async def get(self, account_id: str, kind: AddressKind, address: str) -> Address:
        """What is known about the address."""
        empty = unknown(account_id, kind, address)
        (found,) = await self._with_suppressions([await self._get(empty.id) or empty])
        return found

    async def of_account(self, account_id: str) -> list[Address]:
        """Every address of the account that something is known about."""
        documents = await self._collection.find(
            {"account_id": account_id}, session=self.session
        ).to_list(None)
        return await self._with_suppressions(
            [from_document(document, Address) for document in documents]
        )

    async def save(self, address: Address) -> None:
        """Insert or replace, except its suppression."""
        fields = to_document(replace(address, suppressed=None))
        await self._collection.update_one(
            {"_id": fields.pop("_id")}, {"$set": fields}, upsert=True, session=self.session
        )

    async def suppress(self, suppression: Suppression) -> None:
        """Send nothing more to an address."""
        fields = to_document(suppression)
        unique = {"_id": fields.pop("_id")}
        await self._database["suppressions"].update_one(
            unique, {"$setOnInsert": fields}, upsert=True, session=self.session
        )

    async def forget(self, account_id: str) -> None:
        """Delete the account's addresses."""
        await self._collection.delete_many({"account_id": account_id}, session=self.session)

    async def _with_suppressions(self, addresses: Sequence[Address]) -> list[Address]:
        ids = [suppression_of(address.kind, address.address) for address in addresses]
        documents = (
            await self._database["suppressions"]
            .find({"_id": {"$in": ids}}, session=self.session)
            .to_list(None)
        )
        found = {document["_id"]: from_document(document, Suppression) for document in documents}
        return [
            replace(address, suppressed=found.get(id_))
            for address, id_ in zip(addresses, ids, strict=True)
        ]
