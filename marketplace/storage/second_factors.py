"""The second factors of accounts."""

from marketplace.domain.second_factors import SecondFactor
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoSecondFactors(Collection[SecondFactor]):
    """At most one for each account; `_id` is the account's."""

    name = "second_factors"
    kind = SecondFactor

    async def get(self, account_id: str) -> SecondFactor | None:
        """The account's factor."""
        return await self._get(account_id)

    async def save(self, factor: SecondFactor) -> None:
        """Insert or replace; `last_step` is stored even if it is 0, so that it can be compared."""
        document = {**to_document(factor), "last_step": factor.last_step}
        await self._collection.replace_one(
            {"_id": factor.id}, document, upsert=True, session=self.session
        )

    async def use_step(self, account_id: str, step: int) -> bool:
        """Record an accepted time step, unless it or a later one already was."""
        outcome = await self._collection.update_one(
            {"_id": account_id, "last_step": {"$lt": step}},
            {"$set": {"last_step": step}},
            session=self.session,
        )
        return outcome.modified_count == 1

    async def use_recovery_code(self, account_id: str, code_hash: str) -> bool:
        """Remove a recovery code; False if the account has none such."""
        outcome = await self._collection.update_one(
            {"_id": account_id, "recovery_codes": code_hash},
            {"$pull": {"recovery_codes": code_hash}},
            session=self.session,
        )
        return outcome.modified_count == 1

    async def delete(self, account_id: str) -> None:
        """Delete the account's factor."""
        await self._collection.delete_one({"_id": account_id}, session=self.session)
