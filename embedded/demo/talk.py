"""Plays the script of one conversation; lines played before an interruption are not repeated."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from embedded.demo.dialogues import Line, LineKind
from marketplace.actions import awards, conversations, quotes
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Conversation, Entry, EntryKind
from marketplace.domain.rfis import RfiState
from marketplace.ports import World

_MOST_ENTRIES = 1_000  # no script is nearly as long


class Talk:
    """One conversation while it is being played."""

    def __init__(
        self, world: World, conversation: Conversation, customer: Actor, vendor: Actor
    ) -> None:
        self._world = world
        self._conversation = conversation
        self._actors = {Role.CUSTOMER: customer, Role.VENDOR: vendor}
        self._last: dict[Role, Entry] = {}
        self._read: dict[Role, int] = {}
        self._head = 0
        self._changed: set[tuple[str | None, str | None]] = set()

    async def play(self, lines: Sequence[Line], advance: Callable[[timedelta], None]) -> None:
        """Perform the lines; at the end all is delivered, and each side has read its part."""
        entries = await self._world.store.entries.after(self._conversation.id, 0, _MOST_ENTRIES)
        self._changed = {
            (entry.message_id, entry.body)
            for entry in entries
            if entry.kind in {EntryKind.EDIT, EntryKind.DELETION}
        }
        for number, line in enumerate(lines, start=1):
            advance(line.after)
            await self._do(number, line)
        head = (await self._world.store.entries.heads([self._conversation.id])).popitem()[1]
        for role, actor in self._actors.items():
            await conversations.mark_position(
                self._world, actor, self._conversation,
                delivered=head, read=self._read.get(role, 0),
            )  # fmt: skip

    async def _do(self, number: int, line: Line) -> None:
        if line.kind is LineKind.SAYS:
            await self._say(line, f"demo-{number}")
        elif line.kind is LineKind.EDITS or line.kind is LineKind.DELETES:
            await self._change(line)
        elif line.kind is LineKind.READS:
            self._read[line.role] = self._head
        elif line.kind is LineKind.QUOTES:
            await self._quote(line)
        else:
            await self._award()

    async def _say(self, line: Line, client_message_id: str) -> None:
        appended = await conversations.send_message(
            self._world,
            self._actors[line.role],
            self._conversation,
            client_message_id=client_message_id,
            body=line.text,
            attachment_ids=[],
        )
        message = self._last[line.role] = appended.entry
        # Writing a message implies having read everything before it.
        self._head = self._read[line.role] = message.sequence

    async def _change(self, line: Line) -> None:
        message_id = self._last[line.role].id
        body = line.text if line.kind is LineKind.EDITS else None
        if (message_id, body) in self._changed:
            return
        actor = self._actors[line.role]
        if body is None:
            entry = await conversations.delete_message(
                self._world, actor, self._conversation, message_id
            )
        else:
            entry = await conversations.edit_message(
                self._world, actor, self._conversation, message_id, body
            )
        self._head = entry.sequence

    async def _quote(self, line: Line) -> None:
        store, vendor = self._world.store, self._actors[Role.VENDOR]
        rfi_id = self._conversation.rfi_id
        rfi = await store.rfis.get(rfi_id)
        if rfi is None or await store.quotes.of_pair(rfi_id, vendor.account_id) is not None:
            return
        figures = {
            "rfi_revision": rfi.revision,
            "amount_minor": line.amount_minor,
            "currency": "USD",
            "message": line.text,
            "valid_until": None,
        }
        await quotes.submit(self._world, vendor, rfi_id, figures)

    async def _award(self) -> None:
        store, vendor = self._world.store, self._actors[Role.VENDOR]
        rfi = await store.rfis.get(self._conversation.rfi_id)
        quote = await store.quotes.of_pair(self._conversation.rfi_id, vendor.account_id)
        if rfi is not None and quote is not None and rfi.state is RfiState.OPEN:
            customer = self._actors[Role.CUSTOMER]
            await awards.award(
                self._world, customer, rfi.id, rfi.revision, quote.id, quote.revision
            )
