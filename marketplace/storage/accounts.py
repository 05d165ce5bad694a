"""Accounts and their log-in sessions."""

from collections.abc import Sequence
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from marketplace.coalescing import Coalescer
from marketplace.domain.accounts import Account, Session
from marketplace.domain.pages import Page, PageRequest
from marketplace.errors import Code, FieldError, ParleyError
from marketplace.storage.collection import Collection, Database, repository
from marketplace.storage.collection import Session as Transaction
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
            raise _email_taken() from error

    async def get(self, account_id: str) -> Account | None:
        """The account with this id."""
        return await self._get(account_id)

    async def by_email(self, *forms: str) -> Account | None:
        """The account with the first of these stored forms of one address that any account has."""
        condition = {"email": {"$in": list(forms)}}
        accounts = await self._many(condition, sort=[("email", 1)], limit=len(forms))
        return min(accounts, key=lambda account: forms.index(account.email), default=None)

    async def save(self, account: Account) -> None:
        """Replace the fields that this version knows; raises ParleyError `email_taken`."""
        fields = to_document(account)
        try:
            await self._collection.update_one(
                {"_id": fields.pop("_id")}, {"$set": fields}, session=self.session
            )
        except DuplicateKeyError as error:
            raise _email_taken() from error

    async def delete(self, account_id: str) -> bool:
        """Delete the account; False if there is none."""
        outcome = await self._collection.delete_one({"_id": account_id}, session=self.session)
        return outcome.deleted_count == 1


@repository
class MongoSessions(Collection[Session]):
    """Log-in sessions; a TTL index removes expired ones."""

    name = "sessions"
    kind = Session

    def __init__(self, database: Database, session: Transaction = None) -> None:
        super().__init__(database, session)
        self._alive = Coalescer(self._read_alive)

    async def add(self, session: Session) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(session), session=self.session)

    async def get(self, session_id: str) -> Session | None:
        """The session with this id."""
        return await self._get(session_id)

    async def alive(self, session_ids: Sequence[str]) -> set[str]:
        """The ids of these sessions that have not ended; concurrent calls share one index read."""
        return set(await self._alive.many(session_ids))

    async def _read_alive(self, session_ids: list[str]) -> dict[str, bool]:
        sessions = await self._collection.find(
            {"_id": {"$in": session_ids}}, projection={"_id": True}
        ).to_list(None)
        return {session["_id"]: True for session in sessions}

    async def rotate(self, session_id: str, old_hash: str, new_hash: str, at: datetime) -> bool:
        """Replace the refresh token's hash if it is still the old one."""
        outcome = await self._collection.update_one(
            {"_id": session_id, "refresh_token_hash": old_hash},
            {
                "$set": {
                    "refresh_token_hash": new_hash,
                    "previous_refresh_token_hash": old_hash,
                    "rotated_at": at,
                }
            },
            session=self.session,
        )
        return outcome.modified_count == 1

    async def authenticated(self, session_id: str, at: datetime, credentials: int) -> None:
        """Record that the log-in's owner proved who they are."""
        proven = {"authenticated_at": at, "credentials": credentials}
        await self._collection.update_one(
            {"_id": session_id}, {"$set": proven}, session=self.session
        )

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Session]:
        """An account's sessions, newest first."""
        return await self._page({"account_id": account_id}, request)

    async def delete(self, session_id: str) -> None:
        """End the session."""
        await self._collection.delete_one({"_id": session_id}, session=self.session)

    async def delete_all(self, account_id: str, besides: str | None = None) -> list[str]:
        """End an account's sessions, except one; returns the ids of those that it ended."""
        found = await self._collection.find(
            {"account_id": account_id, "_id": {"$ne": besides}}, {"_id": 1}, session=self.session
        ).to_list(None)
        ids = [session["_id"] for session in found]
        await self._collection.delete_many({"_id": {"$in": ids}}, session=self.session)
        return ids


def _email_taken() -> ParleyError:
    text = "An account with this email address already exists. Log in instead."
    return ParleyError(Code.EMAIL_TAKEN, text, errors=[FieldError("email", text)])
