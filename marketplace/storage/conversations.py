"""Conversations, without their entries."""

from collections.abc import Sequence
from typing import Any

from marketplace.domain.conversations import Conversation
from marketplace.domain.pages import Page, PageRequest
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoConversations(Collection[Conversation]):
    """Conversations without their entries."""

    name = "conversations"
    kind = Conversation

    async def add(self, conversation: Conversation) -> None:
        """Insert, with a place in its participants' inboxes (newest_entries.py)."""
        document = conversation_document(conversation)
        await self._collection.insert_one(document, session=self.session)

    async def get(self, conversation_id: str) -> Conversation | None:
        """The conversation with this id."""
        return await self._get(conversation_id)

    async def save(self, conversation: Conversation) -> None:
        """Replace everything except the place in the inboxes."""
        fields, preserved = to_document(conversation), {"newest": "$newest"}
        await self._collection.update_one(
            {"_id": conversation.id},
            [{"$replaceWith": {"$mergeObjects": [{"$literal": fields}, preserved]}}],
            session=self.session,
        )

    async def participants(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The participants' accounts of each of these conversations that exists."""
        documents = await self._collection.find(
            {"_id": {"$in": list(conversation_ids)}}, {"participants.account_id": 1}
        ).to_list(None)
        return {
            document["_id"]: tuple(
                participant["account_id"] for participant in document["participants"]
            )
            for document in documents
        }

    async def blocks(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The blocked ones of these conversations, and who blocks each of them."""
        documents = await self._collection.find(
            {"_id": {"$in": list(conversation_ids)}, "blocked_by": {"$exists": True}},
            {"blocked_by": 1},
            session=self.session,
        ).to_list(None)
        return {document["_id"]: tuple(document["blocked_by"]) for document in documents}

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Conversation]:
        """An account's conversations, newest first."""
        return await self._page({"participants.account_id": account_id}, request)


def conversation_document(conversation: Conversation) -> dict[str, Any]:
    """A new conversation with its place in the inboxes."""
    newest = {"sequence": 0, "at": conversation.created_at}
    return {**to_document(conversation), "newest": newest}
