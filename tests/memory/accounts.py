"""Accounts and their sessions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.domain.accounts import Account, Session
from marketplace.domain.pages import Page, PageRequest
from marketplace.errors import Code, ParleyError
from marketplace.ports import Clock
from tests.memory.tables import Tables, insert, page


class Accounts:
    """Accounts, unique by email."""

    def __init__(self, tables: Tables) -> None:
        self._accounts = tables.accounts

    async def add(self, account: Account) -> None:
        """Insert; raises ParleyError `email_taken`."""
        if await self.by_email(account.email) is not None:
            raise ParleyError(Code.EMAIL_TAKEN, "An account with this address exists.")
        insert(self._accounts, account.id, account)

    async def get(self, account_id: str) -> Account | None:
        """By id."""
        return self._accounts.get(account_id)

    async def by_email(self, *forms: str) -> Account | None:
        """The account with the first of these stored forms of one address that any account has."""
        by_email = {account.email: account for account in self._accounts.values()}
        return next((by_email[form] for form in forms if form in by_email), None)

    async def save(self, account: Account) -> None:
        """Replace; raises ParleyError `email_taken`."""
        holder = await self.by_email(account.email)
        if holder is not None and holder.id != account.id:
            raise ParleyError(Code.EMAIL_TAKEN, "An account with this address exists.")
        if account.id in self._accounts:
            self._accounts[account.id] = account

    async def delete(self, account_id: str) -> bool:
        """Delete; False if there is none."""
        return self._accounts.pop(account_id, None) is not None


class Sessions:
    """Sessions; one is gone once the clock has passed its expiry."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._sessions = tables.sessions
        self._clock = clock

    async def add(self, session: Session) -> None:
        """Insert."""
        insert(self._sessions, session.id, session)

    async def get(self, session_id: str) -> Session | None:
        """By id."""
        session = self._sessions.get(session_id)
        return session if session and session.expires_at > self._clock.now() else None

    async def alive(self, session_ids: Sequence[str]) -> set[str]:
        """Those that have not ended."""
        return {session_id for session_id in session_ids if await self.get(session_id) is not None}

    async def rotate(self, session_id: str, old_hash: str, new_hash: str, at: datetime) -> bool:
        """Replace the refresh token's hash if it is still the old one."""
        session = await self.get(session_id)
        if session is None or session.refresh_token_hash != old_hash:
            return False
        self._sessions[session_id] = replace(
            session,
            refresh_token_hash=new_hash,
            previous_refresh_token_hash=old_hash,
            rotated_at=at,
        )
        return True

    async def authenticated(self, session_id: str, at: datetime, credentials: int) -> None:
        """Record that the log-in's owner proved who they are."""
        session = await self.get(session_id)
        if session is not None:
            self._sessions[session_id] = replace(
                session, authenticated_at=at, credentials=credentials
            )

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Session]:
        """An account's sessions, newest first."""
        return page(await self._of(account_id), request)

    async def delete_all(self, account_id: str, besides: str | None = None) -> list[str]:
        """End an account's sessions, except one."""
        ended = [session_id for session_id in await self._of(account_id) if session_id != besides]
        for session_id in ended:
            del self._sessions[session_id]
        return ended

    async def delete(self, session_id: str) -> None:
        """End the session."""
        self._sessions.pop(session_id, None)

    async def _of(self, account_id: str) -> dict[str, Session]:
        alive = await self.alive(tuple(self._sessions))
        return {
            session_id: session
            for session_id, session in self._sessions.items()
            if session.account_id == account_id and session_id in alive
        }
