"""Attachments and uploads."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.domain.attachments import Attachment, AttachmentState, Owner, Part, not_found
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.policy import Upload
from tests.memory.tables import Tables, insert, page


class Attachments:
    """Attachments."""

    def __init__(self, tables: Tables) -> None:
        self._attachments = tables.attachments

    async def add(self, attachment: Attachment) -> None:
        """Insert."""
        insert(self._attachments, attachment.id, attachment)

    async def get(self, attachment_id: str) -> Attachment | None:
        """By id."""
        return self._attachments.get(attachment_id)

    async def get_many(self, attachment_ids: Collection[str]) -> dict[str, Attachment]:
        """By ids; unknown ids are left out."""
        return {id_: self._attachments[id_] for id_ in attachment_ids if id_ in self._attachments}

    async def save(self, attachment: Attachment) -> None:
        """Replace."""
        if attachment.id in self._attachments:
            self._attachments[attachment.id] = attachment

    async def add_part(self, attachment_id: str, number: int, part: Part, at: datetime) -> Part:
        """Add a part unless there is one of this number."""
        kept = self._attachments.get(attachment_id)
        if kept is None or kept.state is not AttachmentState.UPLOADING:
            raise not_found()
        parts = {str(number): part, **kept.parts}
        self._attachments[attachment_id] = replace(kept, parts=parts, unused_since=at)
        return parts[str(number)]

    async def use(
        self, attachment_ids: Sequence[str], owner: Owner, claimed_at: datetime | None = None
    ) -> None:
        """Give attachments their owner."""
        for id_, kept in (await self.get_many(attachment_ids)).items():
            self._attachments[id_] = replace(
                kept, owner=owner, claimed_at=claimed_at, unused_since=None
            )

    async def release(self, attachment_ids: Sequence[str], owner: Owner, at: datetime) -> None:
        """Take the owner from those of the attachments that it owns."""
        for id_, kept in (await self.get_many(attachment_ids)).items():
            if kept.owner == owner:
                self._attachments[id_] = replace(kept, owner=None, claimed_at=None, unused_since=at)

    async def settle(self, attachment_id: str, claimed_at: datetime) -> None:
        """Record that the owner is stored."""
        kept = self._attachments.get(attachment_id)
        if kept is not None and kept.claimed_at == claimed_at:
            self._attachments[attachment_id] = replace(kept, claimed_at=None)

    async def remove(self, attachment_id: str) -> None:
        """Delete."""
        self._attachments.pop(attachment_id, None)

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Attachment]:
        """Of an account, newest first."""
        own = {
            id_: kept for id_, kept in self._attachments.items() if kept.account_id == account_id
        }
        return page(own, request)

    async def stored_bytes(self, account_id: str) -> int:
        """The bytes of all attachments of an account."""
        kept = self._attachments.values()
        return sum(attachment.bytes for attachment in kept if attachment.account_id == account_id)

    async def unused(self, before: datetime, limit: int) -> list[Attachment]:
        """Unused since before this moment, oldest first."""
        found = [
            (attachment.unused_since, attachment)
            for attachment in self._attachments.values()
            if attachment.unused_since is not None and attachment.unused_since < before
        ]
        return [attachment for _, attachment in sorted(found, key=lambda pair: pair[0])][:limit]

    async def claimed(self, before: datetime, limit: int) -> list[Attachment]:
        """Claimed before this moment, oldest first."""
        found = [
            (attachment.claimed_at, attachment)
            for attachment in self._attachments.values()
            if attachment.claimed_at is not None and attachment.claimed_at < before
        ]
        return [attachment for _, attachment in sorted(found, key=lambda pair: pair[0])][:limit]


class Uploads:
    """The latest uploads of each account."""

    def __init__(self, tables: Tables) -> None:
        self._uploads = tables.uploads

    async def of(self, account_id: str) -> list[Upload]:
        """The stored uploads, oldest first."""
        return list(self._uploads.get(account_id, ()))

    async def keep(self, account_id: str, uploads: Sequence[Upload], now: datetime) -> None:
        """Replace the stored uploads; transactions here run one at a time."""
        self._uploads[account_id] = tuple(uploads)
