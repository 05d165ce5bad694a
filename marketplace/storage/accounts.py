"""Accounts and their log-ins."""

from pymongo.errors import DuplicateKeyError

from marketplace.domain.accounts import Account, Session
from marketplace.errors import Code, FieldError, ParleyError
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoAccounts(Collection[Account]):
    """Accounts, unique by email."""

    name = "accounts"
    kind = Account

    async def add(self, account: Account) -> None:
        """Insert; raises ParleyError `email_taken`."""
        try:
            await self._collection.insert_one(to_document(account), session=self.session)
        except DuplicateKeyError as error:
            found = FieldError("email", "An account with this address exists; log in instead.")
            raise ParleyError(Code.EMAIL_TAKEN, found.message, errors=[found]) from error

    async def get(self, account_id: str) -> Account | None:
        """By id."""
        return await self._one(_id=account_id)

    async def by_email(self, email: str) -> Account | None:
        """By the normalized address."""
        return await self._one(email=email)


@repository
class MongoSessions(Collection[Session]):
    """Log-ins; a TTL index removes what expired."""

    name = "sessions"
    kind = Session

    async def add(self, session: Session) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(session), session=self.session)

    async def get(self, session_id: str) -> Session | None:
        """By id."""
        return await self._one(_id=session_id)

    async def rotate(self, session_id: str, old_hash: str, new_hash: str) -> bool:
        """Replace the refresh token's hash if it is still the old one."""
        outcome = await self._collection.update_one(
            {"_id": session_id, "refresh_token_hash": old_hash},
            {"$set": {"refresh_token_hash": new_hash}},
            session=self.session,
        )
        return outcome.modified_count == 1

    async def delete(self, session_id: str) -> None:
        """End the log-in."""
        await self._collection.delete_one({"_id": session_id}, session=self.session)
