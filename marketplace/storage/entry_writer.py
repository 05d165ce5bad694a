"""Group commit of conversation entries.

A single journaled insert costs a round trip and a journal flush: 600 a second from one writer,
against 23,000 in batches of a hundred. So entries that arrive while a write is in flight wait and
go into the next batch; if no write is in flight, an entry is written immediately.

    append ─▶ waiting ─▶ _write_waiting ─▶ _number ─▶ entries.insert_in_order
                              ▲                              │ stopped at entry i
                              └────────── _settle(i) ◀───────┘

Sequences are assigned optimistically: the writer knows the head of each conversation that it writes
to and numbers from there; the unique index (conversation, sequence) detects conflicts. The write is
ordered, so nothing of the batch is inserted after an entry that failed, and the rest is renumbered:
a conversation never has a hole, and each sender's messages keep their order.

A block is an entry too. A writer that knows the head knows whether the conversation was open up to
it, and a writer that is wrong about it finds the next number taken. So a block takes effect
exactly, without a query for each message.

Edits are checked in the same way. In every attempt the state of the edited message is read after
the head and before the number is assigned: a deletion that this read missed has a later number, or
has taken the edit's own, and then the edit is checked again.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from prometheus_client import Counter, Histogram
from pymongo.errors import BulkWriteError, PyMongoError

from marketplace import tasks
from marketplace.backoff import Backoff
from marketplace.domain.conversations import Entry, EntryKind, blocked, entry_with_same_body
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import Appended
from marketplace.storage.collection import is_away
from marketplace.storage.entries import MongoEntries
from marketplace.storage.traces import writing

LOG = get_logger(__name__)
# mongod inserts in groups of 500; the limit in characters keeps batches far below 16 MB.
MAX_BATCH_ENTRIES = 500
MAX_BATCH_CHARACTERS = 1_000_000
MAX_WAITING = 10_000
MAX_KNOWN_HEADS = 100_000
# An election takes up to 12 s with default settings; after this time a sender is asked to retry.
GIVE_UP_AFTER_S = 15.0
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_DUPLICATE_KEY = 11_000

_BATCHES = Histogram(
    "parley_entry_batch_size",
    "Entries written in one batch",
    buckets=(1, 2, 5, 10, 25, 50, 100, 500),
)
_CONFLICTS = Counter("parley_entry_conflicts_total", "Sequences that another process used first")


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    done: "asyncio.Future[Appended]"
    since: float


class EntryWriter:
    """Implements the `EntryLog` port over a store's entries; one for each process."""

    def __init__(self, entries: MongoEntries) -> None:
        self._entries = entries
        self._waiting: deque[_Waiting] = deque()
        self._heads: OrderedDict[str, int] = OrderedDict()
        self._are_heads_stale = False
        self._writing: asyncio.Task[None] | None = None
        self._is_closed = False

    async def append(self, entry: Entry) -> Appended:
        """Give the entry the next sequence of its conversation and make it durable."""
        if self._is_closed:
            raise ParleyError(
                Code.DRAINING, "This process is shutting down. Send the message again."
            )
        if len(self._waiting) >= MAX_WAITING:
            raise ParleyError(
                Code.UNAVAILABLE,
                "Too many messages are waiting to be stored. Try again.",
                retry_after_ms=1_000,
            )
        loop = asyncio.get_running_loop()
        waiting = _Waiting(entry, loop.create_future(), loop.time())
        self._waiting.append(waiting)
        if self._writing is None or self._writing.done():
            self._writing = tasks.keep(self._write_waiting(), "entry writer")
        # A cancelled sender only withdraws an entry whose write has not begun; the rest of a batch
        # is written.
        return await waiting.done

    def forget_heads(self) -> None:
        """Read the heads again: the database was restored, and they may be lower now."""
        self._are_heads_stale = True

    async def close(self) -> None:
        """Accept no more entries, and finish those that wait."""
        self._is_closed = True
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=GIVE_UP_AFTER_S)

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                with writing(waiting.entry for waiting in batch):
                    await self._write(batch)
            except Exception:
                # The entries after this batch are still written.
                LOG.exception("could not write a batch of entries")
                _fail(batch, ParleyError(Code.INTERNAL, "The message could not be stored."))
                self._heads.clear()

    def _next_batch(self) -> deque[_Waiting]:
        batch: deque[_Waiting] = deque()
        characters = 0
        while self._waiting and len(batch) < MAX_BATCH_ENTRIES:
            if self._waiting[0].done.done():  # cancelled, or already asked to retry
                self._waiting.popleft()
                continue
            characters += len(self._waiting[0].entry.body or "")
            if batch and characters > MAX_BATCH_CHARACTERS:
                break
            batch.append(self._waiting.popleft())
        _BATCHES.observe(len(batch))
        return batch

    async def _write(self, batch: deque[_Waiting]) -> None:
        """Write until every entry of the batch has its result."""
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while batch:
            try:
                await self._write_once(batch)
            except (TemporaryError, PyMongoError) as error:
                # The outcome is unknown; the same ids make a retry safe.
                self._forget(batch)
                if isinstance(error, PyMongoError) and not is_away(error):
                    raise
                self._fail_late(batch)
                await backoff.wait()

    async def _write_once(self, batch: deque[_Waiting]) -> None:
        if self._are_heads_stale:
            self._heads.clear()
            self._are_heads_stale = False
        await self._number(batch)
        if not batch:
            return
        try:
            await self._entries.insert_in_order([waiting.entry for waiting in batch])
        except BulkWriteError as error:
            await self._settle(batch, error)
        else:
            self._acknowledge(batch, len(batch))

    async def _number(self, batch: deque[_Waiting]) -> None:
        unknown = {waiting.entry.conversation_id for waiting in batch} - self._heads.keys()
        if unknown:
            heads = await self._entries.newest_heads(list(unknown))
            # After the heads: a block that is added in between takes the next number away from us.
            blocks = await self._entries.newest_blocks(list(unknown))
            await self._refuse(batch, blocks)
            self._heads.update({id_: head for id_, head in heads.items() if id_ not in blocks})
        edits = [waiting for waiting in batch if waiting.entry.kind is EntryKind.EDIT]
        if edits:
            await self._check_edits(batch, edits)
        numbers: dict[str, int] = {}
        for waiting in batch:
            conversation_id = waiting.entry.conversation_id
            number = numbers.get(conversation_id, self._heads[conversation_id]) + 1
            numbers[conversation_id] = number
            waiting.entry = replace(waiting.entry, sequence=number)

    async def _refuse(self, batch: deque[_Waiting], blocks: dict[str, tuple[str, ...]]) -> None:
        """Refuse entries for blocked conversations; a resend still gets the first response.

        These heads are not kept, so the next entry checks whether the conversation is open again.
        """
        if not blocks:
            return
        await self._resolve_stored(batch)
        refused = [waiting for waiting in batch if waiting.entry.conversation_id in blocks]
        for waiting in refused:
            batch.remove(waiting)
            blocked_by = blocks[waiting.entry.conversation_id]
            _fail([waiting], blocked(blocked_by, waiting.entry.sender_id))

    async def _check_edits(self, batch: deque[_Waiting], edits: list[_Waiting]) -> None:
        """Answer edits of deleted messages and edits that change nothing; keep the others."""
        states = await self._entries.message_states({edit.entry.message_id or "" for edit in edits})
        await self._require_durable(edits, states)
        newest: dict[str, _Waiting] = {}
        kept = list[_Waiting]()
        for waiting in batch:
            if waiting.entry.kind is not EntryKind.EDIT:
                kept.append(waiting)
                continue
            message_id = waiting.entry.message_id or ""
            before = newest.get(message_id)
            if before is not None and before.entry.body == waiting.entry.body:
                _share_result(before, waiting)
            elif before is not None or _changes_message(waiting, states.get(message_id)):
                newest[message_id] = waiting
                kept.append(waiting)
        batch.clear()
        batch.extend(kept)

    async def _require_durable(self, edits: list[_Waiting], states: dict[str, Entry]) -> None:
        """Check that the entries which answer an edit are on a majority of MongoDB's members.

        The states are the primary's latest, so such an entry may be this very edit, from an attempt
        whose write concern failed.

        Raises:
            TemporaryError: one of them is not; the batch is tried again.
        """
        answers = [
            state
            for edit in edits
            if (state := states.get(edit.entry.message_id or "")) is not None
            and state.body == edit.entry.body
        ]
        if not answers:
            return
        stored = await self._entries.get_stored(answers)
        if any(answer.id not in stored for answer in answers):
            raise TemporaryError("MongoDB: an edit is not replicated yet")

    async def _settle(self, batch: deque[_Waiting], error: BulkWriteError) -> None:
        """Acknowledge what was inserted, and resolve the entry at which the write stopped."""
        details = error.details or {}
        problems = details.get("writeErrors") or []
        if details.get("writeConcernErrors") or not problems:
            # The inserted entries may not be durable; when they are written again, the same ids
            # show it.
            self._forget(batch)
            self._fail_late(batch)
            return
        problem = problems[0]
        self._acknowledge(batch, int(problem["index"]))
        stopped = batch[0]
        self._heads.pop(stopped.entry.conversation_id, None)
        if problem.get("code") != _DUPLICATE_KEY:
            LOG.error("MongoDB refused an entry", code=problem.get("code"))
            refused = ParleyError(Code.INTERNAL, "The message could not be stored.")
            _fail([batch.popleft()], refused)
            return
        await self._resolve_stored(batch)
        if batch and batch[0] is stopped:  # another process took the number
            _CONFLICTS.inc()
            # If one head has moved, others have too. When heads were renewed one by one, a batch of
            # fifty conversations that another gateway was writing to as well took five seconds, and
            # so did the next.
            self._forget(batch)
            self._fail_late(batch)

    async def _resolve_stored(self, batch: deque[_Waiting]) -> None:
        """Answer every entry of the batch that is already stored, with one query.

        One at a time, each would cost a failing insert, which waits for the journal, and a find:
        200 resends delayed all writes by 21 s, longer than a call may take, so that all of them
        were sent again.
        """
        stored = await self._entries.get_stored([waiting.entry for waiting in batch])
        for waiting in [waiting for waiting in batch if waiting.entry.id in stored]:
            batch.remove(waiting)
            original = stored[waiting.entry.id]
            _resolve(waiting, Appended(original, is_new=original.id == waiting.entry.id))

    def _acknowledge(self, batch: deque[_Waiting], count: int) -> None:
        for _ in range(count):
            waiting = batch.popleft()
            self._heads[waiting.entry.conversation_id] = waiting.entry.sequence
            self._heads.move_to_end(waiting.entry.conversation_id)
            _resolve(waiting, Appended(waiting.entry, is_new=True))
        while len(self._heads) > MAX_KNOWN_HEADS:
            self._heads.popitem(last=False)

    def _fail_late(self, batch: deque[_Waiting]) -> None:
        """Give up what has waited too long, and its senders' later entries: they must not overtake it."""
        now = asyncio.get_running_loop().time()
        late = {one.entry.sender_id for one in batch if now - one.since > GIVE_UP_AFTER_S}
        if not late:
            return
        given_up = [one for one in (*batch, *self._waiting) if one.entry.sender_id in late]
        _fail(given_up, _unknown_outcome())
        for one in [one for one in batch if one.entry.sender_id in late]:
            batch.remove(one)

    def _forget(self, batch: deque[_Waiting]) -> None:
        for waiting in batch:
            self._heads.pop(waiting.entry.conversation_id, None)


def _resolve(waiting: _Waiting, appended: Appended) -> None:
    if not waiting.done.done():
        waiting.done.set_result(appended)


def _fail(unanswered: Iterable[_Waiting], error: BaseException) -> None:
    for waiting in unanswered:
        if not waiting.done.done():
            waiting.done.set_exception(error)


def _changes_message(waiting: _Waiting, state: Entry | None) -> bool:
    """Whether an edit changes its message; if not, it is answered here."""
    try:
        existing = entry_with_same_body(state, waiting.entry)
    except ParleyError as refused:
        _fail([waiting], refused)
        return False
    if existing is not None:
        # It may be this very edit, from an attempt with an unknown outcome.
        _resolve(waiting, Appended(existing, is_new=existing.id == waiting.entry.id))
    return existing is None


def _share_result(before: _Waiting, waiting: _Waiting) -> None:
    """Give an edit the result of the one just before it, which has the same body."""

    def answer(done: "asyncio.Future[Appended]") -> None:
        if done.cancelled():
            _fail([waiting], _unknown_outcome())
        elif (error := done.exception()) is not None:
            _fail([waiting], error)
        else:
            _resolve(waiting, replace(done.result(), is_new=False))

    before.done.add_done_callback(answer)


def _unknown_outcome() -> ParleyError:
    return ParleyError(
        Code.UNAVAILABLE,
        "It is unknown whether the message was stored. "
        "Send it again with the same client_message_id.",
        retry_after_ms=2_000,
    )
