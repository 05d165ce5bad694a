"""How far each participant has received and read a conversation."""

from collections import defaultdict
from collections.abc import Collection as Ids
from collections.abc import Sequence

from pymongo import ReturnDocument

from marketplace.coalescing import Coalescer
from marketplace.domain.conversations import ReadPosition
from marketplace.storage.collection import Collection, Database, Session, repository
from marketplace.storage.documents import from_document


@repository
class MongoReadPositions(Collection[ReadPosition]):
    """How far each participant has read; the numbers only move forward."""

    name = "read_positions"
    kind = ReadPosition

    def __init__(self, database: Database, session: Session = None) -> None:
        super().__init__(database, session)
        self._of_conversation = Coalescer(self._read_of_conversations)

    async def advance(
        self, conversation_id: str, account_id: str, *, delivered: int, read: int
    ) -> ReadPosition | None:
        """Raise the numbers to at least these; None if nothing changed."""
        delivered = max(delivered, read)  # what was read was delivered
        key = f"{conversation_id}:{account_id}"
        before = await self._collection.find_one_and_update(
            {"_id": key},
            {
                "$max": {"delivered_sequence": delivered, "read_sequence": read},
                "$setOnInsert": {"conversation_id": conversation_id, "account_id": account_id},
            },
            upsert=True,
            return_document=ReturnDocument.BEFORE,
            session=self.session,
        )
        old_delivered = before["delivered_sequence"] if before else 0
        old_read = before["read_sequence"] if before else 0
        if delivered <= old_delivered and read <= old_read:
            return None
        return ReadPosition(
            conversation_id, account_id, max(delivered, old_delivered), max(read, old_read)
        )

    async def of_conversation(self, conversation_id: str) -> list[ReadPosition]:
        """The positions of all participants that have one."""
        return await self._of_conversation.one(conversation_id) or []

    async def _read_of_conversations(
        self, conversation_ids: list[str]
    ) -> dict[str, list[ReadPosition]]:
        read = defaultdict(list)
        condition = {"conversation_id": {"$in": conversation_ids}}
        for document in await self._collection.find(condition).to_list(None):
            read[document["conversation_id"]].append(from_document(document, ReadPosition))
        return read

    async def of_account(
        self, account_id: str, conversation_ids: Sequence[str]
    ) -> dict[str, ReadPosition]:
        """One person's positions, by conversation."""
        keys = [f"{conversation_id}:{account_id}" for conversation_id in conversation_ids]
        documents = await self._collection.find({"_id": {"$in": keys}}).to_list(None)
        return {
            document["conversation_id"]: from_document(document, ReadPosition)
            for document in documents
        }

    async def read_by(self, pairs: Ids[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How far each (conversation, account) pair has read."""
        keys = [f"{conversation_id}:{account_id}" for conversation_id, account_id in pairs]
        positions = await self._collection.find(
            {"_id": {"$in": keys}}, {"conversation_id": 1, "account_id": 1, "read_sequence": 1}
        ).to_list(None)
        return {
            (position["conversation_id"], position["account_id"]): position["read_sequence"]
            for position in positions
        }
