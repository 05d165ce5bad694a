"""Attachments, and how much each account has uploaded."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from marketplace.domain.attachments import Attachment, Owner, Part
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.policy import Upload


class Attachments(Protocol):
    """Attachments."""

    async def add(self, attachment: Attachment) -> None:
        """Insert."""

    async def get(self, attachment_id: str) -> Attachment | None:
        """The attachment with this id."""

    async def get_many(self, attachment_ids: Collection[str]) -> dict[str, Attachment]:
        """Those of these attachments that exist, by id."""

    async def save(self, attachment: Attachment) -> None:
        """Replace."""

    async def add_part(self, attachment_id: str, number: int, part: Part, at: datetime) -> Part:
        """Add a part of a file that is uploading, unless it has one of this number.

        Returns the stored part. Raises ParleyError `not_found` if the file is not uploading.
        """

    async def use(
        self, attachment_ids: Sequence[str], owner: Owner, claimed_at: datetime | None = None
    ) -> None:
        """Give attachments their owner, within the transaction in which they were found unused.

        Of concurrent transactions for one attachment, one is retried. `claimed_at` is set if the
        owner itself is stored later.
        """

    async def release(self, attachment_ids: Sequence[str], owner: Owner, at: datetime) -> None:
        """Take the owner from those of the attachments that it owns."""

    async def settle(self, attachment_id: str, claimed_at: datetime) -> None:
        """Record that the owner is stored, if it has not claimed the attachment again since."""

    async def remove(self, attachment_id: str) -> None:
        """Delete."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Attachment]:
        """The attachments of an account, newest first."""

    async def stored_bytes(self, account_id: str) -> int:
        """The bytes of all attachments of an account."""

    async def unused(self, before: datetime, limit: int) -> list[Attachment]:
        """Attachments that nothing has owned since before this moment, oldest first."""

    async def claimed(self, before: datetime, limit: int) -> list[Attachment]:
        """Attachments claimed before this moment whose owner was not looked up yet."""


class Uploads(Protocol):
    """Each account's latest uploads, for its quota; removed two days after the last one."""

    async def of(self, account_id: str) -> list[Upload]:
        """The account's stored uploads, oldest first."""

    async def keep(self, account_id: str, uploads: Sequence[Upload], now: datetime) -> None:
        """Replace the stored uploads; of two concurrent transactions for an account, one retries."""
