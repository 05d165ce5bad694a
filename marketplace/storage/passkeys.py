"""The passkeys of accounts."""

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from marketplace.domain.passkeys import MOST_PASSKEYS, Passkey
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document

# More than an account may have, even if two were added at once.
_MOST_READ = 2 * MOST_PASSKEYS


@repository
class MongoPasskeys(Collection[Passkey]):
    """Passkeys, unique by the credential's id."""

    name = "passkeys"
    kind = Passkey

    async def add(self, passkey: Passkey) -> bool:
        """Insert; `sign_count` is stored even if it is 0, so that it can be compared."""
        document = {**to_document(passkey), "sign_count": passkey.sign_count}
        try:
            await self._collection.insert_one(document, session=self.session)
        except DuplicateKeyError:
            return False
        return True

    async def by_credential(self, credential_id: str) -> Passkey | None:
        """The passkey that a device calls so."""
        return await self._one(credential_id=credential_id)

    async def of_account(self, account_id: str) -> list[Passkey]:
        """An account's passkeys, newest first."""
        return await self._many({"account_id": account_id}, sort=[("_id", -1)], limit=_MOST_READ)

    async def use(self, passkey: Passkey, sign_count: int, at: datetime) -> bool:
        """Record a use, if the number is still the one that was checked."""
        outcome = await self._collection.update_one(
            {"_id": passkey.id, "sign_count": passkey.sign_count},
            {"$set": {"sign_count": sign_count, "last_used_at": at}},
            session=self.session,
        )
        return outcome.matched_count == 1

    async def remove(self, account_id: str, passkey_id: str) -> bool:
        """Delete one passkey of an account."""
        outcome = await self._collection.delete_one(
            {"_id": passkey_id, "account_id": account_id}, session=self.session
        )
        return outcome.deleted_count == 1

    async def remove_since(self, account_id: str, at: datetime) -> None:
        """Delete an account's passkeys that were added at this moment or later."""
        await self._collection.delete_many(
            {"account_id": account_id, "created_at": {"$gte": at}}, session=self.session
        )

    async def forget(self, account_id: str) -> None:
        """Delete an account's passkeys."""
        await self._collection.delete_many({"account_id": account_id}, session=self.session)
