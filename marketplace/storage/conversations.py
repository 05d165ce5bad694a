"""Conversations, without their entries."""

from collections.abc import Sequence

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
        """Insert."""
        await self._collection.insert_one(to_document(conversation), session=self.session)

    async def get(self, conversation_id: str) -> Conversation | None:
        """The conversation with this id."""
        return await self._get(conversation_id)

    async def save(self, conversation: Conversation) -> None:
        """Replace."""
        await self._collection.replace_one(
            {"_id": conversation.id}, to_document(conversation), session=self.session
        )

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
