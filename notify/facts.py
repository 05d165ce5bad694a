"""Loads what the rules need to know besides an event."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection

from marketplace.domain.conversations import Conversation
from marketplace.domain.quotes import QuoteState
from marketplace.events import Event
from marketplace.ports import Store
from notify.rules import Facts

_NEED_MATCHES = frozenset({"rfi.revised", "rfi.withdrawn", "rfi.awarded"})
_NEED_QUOTES = frozenset({"rfi.revised"})
# Participants never change, and every message needs its conversation; the cache is about 5 MB.
MAX_CONVERSATIONS = 10_000


class FactFinder:
    """Reads facts from the store; caches conversations and their participants."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()

    async def about(self, event: Event) -> Facts:
        """The facts that an event's rule needs.

        Raises:
            TemporaryError: when the store is unavailable.
        """
        if event.name not in _NEED_MATCHES:
            return Facts()
        matches = tuple(await self._store.matches.of_rfi(event.key))
        if event.name not in _NEED_QUOTES:
            return Facts(matches)
        quoted = [
            quote.vendor_id
            for quote in await self._store.quotes.of_rfi(event.key)
            if quote.state is QuoteState.SUBMITTED
        ]
        return Facts(matches, frozenset(quoted))

    async def conversations(self, conversation_ids: Collection[str]) -> dict[str, Conversation]:
        """These conversations by id, without those that do not exist.

        Raises:
            TemporaryError: when the store is unavailable.
        """
        found = await asyncio.gather(*(self._conversation(id_) for id_ in conversation_ids))
        return {conversation.id: conversation for conversation in found if conversation is not None}

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
