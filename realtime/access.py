"""What a connection was found to be allowed: its conversations, and whether it may write.

The store is asked once, and the answer is kept until the account's access changes.
"""

import asyncio
import math

from marketplace.actions import conversations, memberships
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation
from marketplace.ports import World

MAX_CONVERSATIONS = 100
# Blocks are announced to every gateway; if that is lost, typing and receipts stop within this time.
BLOCK_NOTICED_WITHIN_S = 5.0


class Access:
    """The access of one connection's account.

    One look-up runs at a time, and the others wait in the order in which they came.
    """

    __slots__ = (
        "_actor",
        "_conversations",
        "_lock",
        "_pending_writes",
        "_world",
        "changes",
        "may_write",
    )

    def __init__(self, world: World, actor: Actor) -> None:
        self._world = world
        self._actor = actor
        # Set once a message was allowed, until the account's access changes.
        self.may_write = False
        # Incremented whenever the account's access changes: an answer from before may be stale.
        self.changes = 0
        self._pending_writes = 0
        # Created when needed: a connection may never look anything up.
        self._lock: asyncio.Lock | None = None
        # Each conversation with the time of its look-up, oldest first.
        self._conversations: dict[str, tuple[Conversation, float]] | None = None

    async def conversation(self, conversation_id: str, within_s: float = math.inf) -> Conversation:
        """A conversation of the account, looked up at most `within_s` seconds ago.

        Raises:
            ParleyError: `not_found`.
            TemporaryError: the store is down.
        """
        cached = self._cached(conversation_id, within_s)
        if cached is not None:
            return cached
        async with self._one_at_a_time():
            return await self._look_up(conversation_id, within_s)

    async def recent_conversation(self, conversation_id: str) -> Conversation:
        """The conversation as of a moment ago: the announcement of a block may have been lost.

        Raises:
            ParleyError: `not_found`.
            TemporaryError: the store is down.
        """
        return await self.conversation(conversation_id, BLOCK_NOTICED_WITHIN_S)

    async def writable_conversation(self, conversation_id: str) -> Conversation:
        """The conversation, if the account may write to its conversations.

        Does not suspend if both are known, unless an earlier write is still being looked up: then
        it waits its turn, so that messages keep the order they arrived in.

        Raises:
            ParleyError: `not_found`, `forbidden`.
            TemporaryError: the store is down.
        """
        cached = self._cached(conversation_id)
        if cached is not None and self.may_write and not self._pending_writes:
            return cached
        self._pending_writes += 1
        try:
            async with self._one_at_a_time():
                conversation = await self._look_up(conversation_id)
                if not self.may_write:
                    changes = self.changes
                    await memberships.require_may_write(self._world, self._actor)
                    self.may_write = changes == self.changes
                return conversation
        finally:
            self._pending_writes -= 1

    def forget(self) -> None:
        """Discard what is known: the account's access has changed."""
        self.changes += 1
        self.may_write = False
        self._conversations = None

    async def _look_up(self, conversation_id: str, within_s: float = math.inf) -> Conversation:
        conversation = self._cached(conversation_id, within_s)
        if conversation is None:
            changes = self.changes
            conversation = await conversations.own_conversation(
                self._world, self._actor, conversation_id
            )
            if changes == self.changes:
                self._cache(conversation)
        return conversation

    def _cached(self, conversation_id: str, within_s: float = math.inf) -> Conversation | None:
        cached = self._conversations.get(conversation_id) if self._conversations else None
        if cached is None or asyncio.get_running_loop().time() - cached[1] > within_s:
            return None
        return cached[0]

    def _cache(self, conversation: Conversation) -> None:
        if self._conversations is None:
            self._conversations = {}
        looked_up_at = asyncio.get_running_loop().time()
        self._conversations[conversation.id] = (conversation, looked_up_at)
        if len(self._conversations) > MAX_CONVERSATIONS:
            del self._conversations[next(iter(self._conversations))]

    def _one_at_a_time(self) -> asyncio.Lock:
        if self._lock is None:
            self._lock = asyncio.Lock()
        return self._lock
