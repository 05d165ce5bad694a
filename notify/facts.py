"""Loads what the rules need to know around an event."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection

from marketplace.domain.conversations import Conversation
from marketplace.events import Event
from marketplace.ports import Store
from notify.rules import Facts

_NEED_MATCHES = frozenset({"rfi.revised", "rfi.withdrawn", "rfi.awarded"})
# Who takes part never changes, and every message asks for its own conversation: about 5 MB.
MAX_CONVERSATIONS = 10_000


class FactFinder:
    """Reads from the store; who takes part in a conversation, from memory where it can."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()

    async def about(self, event: Event) -> Facts:
        """The facts around an event.

        Raises:
            TemporaryError: when the store is away.
        """
        if event.name in _NEED_MATCHES:
            return Facts(matches=tuple(await self._store.matches.of_rfi(event.key)))
        return Facts()

    async def conversations(self, conversation_ids: Collection[str]) -> dict[str, Conversation]:
        """Who takes part in these conversations, without those that are not there.

        Raises:
            TemporaryError: when the store is away.
        """
        found = await asyncio.gather(*(self._conversation(each) for each in conversation_ids))
        return {each.id: each for each in found if each is not None}

    async def _conversation(self, conversation_id: str) -> Conversation | None:
        found = self._conversations.get(conversation_id)
        if found is None:
            found = await self._store.conversations.get(conversation_id)
            if found is None:
                return None
            self._conversations[conversation_id] = found
            if len(self._conversations) > MAX_CONVERSATIONS:
                self._conversations.popitem(last=False)
        return found
