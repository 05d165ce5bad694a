"""Group commit of conversation entries.

A journaled single insert costs a round trip and a flush of the journal: 600 a second from one
writer, against 23,000 in batches of a hundred.  So entries that arrive while a write is under way
wait for it and go together in the next; when nothing is under way, an entry goes at once.

    append ─▶ waiting ─▶ _write_waiting ─▶ _number ─▶ entries.insert_in_order
                              ▲                              │ stopped at entry i
                              └────────── _settle(i) ◀───────┘

Sequences are taken optimistically: the writer knows the head of the conversations it writes to and
numbers on from there; the unique index (conversation, sequence) is the judge.  The write is ordered,
so behind an entry that did not go in nothing of the batch goes in, and the rest is numbered anew:
a conversation never has a hole, and one sender's messages keep the order in which they were sent.

A block is an entry too.  Who knows the head knows whether the conversation was open up to it, and
who is wrong about that finds the next number taken: so a block holds exactly, without a look at it
for each message.

An edit is judged in the same way.  What stands of its message is read after the head is known and
before the number is taken, in every attempt: a deletion that this look missed has a later number, or
has taken the edit's own, and then the edit is judged again.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from prometheus_client import Counter, Histogram
from pymongo.errors import BulkWriteError, PyMongoError

from marketplace import tasks
from marketplace.domain.conversations import Entry, EntryKind, blocked, entry_with_same_body
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.ports import Appended
from marketplace.storage.collection import is_away
from marketplace.storage.conversations import MongoEntries

LOG = logging.getLogger(__name__)
# 500 is what mongod groups internally; the bytes keep a batch of long bodies under 16 MB by far.
MAX_BATCH_ENTRIES = 500
MAX_BATCH_CHARACTERS = 1_000_000
MAX_WAITING = 10_000
MAX_KNOWN_HEADS = 100_000
# An election takes up to 12 s with default settings; a sender is told to come back after this.
GIVE_UP_AFTER_S = 15.0
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
    """Implements the `EntryLog` port over the entries of a store; one for each process."""

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
        # A sender that goes away takes back only what was not begun; the rest of a batch is written.
        return await waiting.done

    def forget_heads(self) -> None:
        """Read the heads anew: the database was restored, and they may be lower."""
        self._are_heads_stale = True

    async def close(self) -> None:
        """Take no more, and finish what waits."""
        self._is_closed = True
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=GIVE_UP_AFTER_S)

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                await self._write(batch)
            except Exception:
                # Those who wait behind it are written all the same.
                LOG.exception("a batch of entries failed")
                _fail(batch, ParleyError(Code.INTERNAL, "The message could not be stored."))
                self._heads.clear()

    def _next_batch(self) -> deque[_Waiting]:
        batch: deque[_Waiting] = deque()
        characters = 0
        while self._waiting and len(batch) < MAX_BATCH_ENTRIES:
            if self._waiting[0].done.done():  # nobody waits for it: told to send again, or gone
                self._waiting.popleft()
                continue
            characters += len(self._waiting[0].entry.body or "")
            if batch and characters > MAX_BATCH_CHARACTERS:
                break
            batch.append(self._waiting.popleft())
        _BATCHES.observe(len(batch))
        return batch

    async def _write(self, batch: deque[_Waiting]) -> None:
        """Write until each of the batch has its answer."""
        pause_s = 0.05
        while batch:
            try:
                await self._write_once(batch)
            except (TemporaryError, PyMongoError) as error:
                # Whether it was written is not known; the same ids make trying again safe.
                self._forget(batch)
                if isinstance(error, PyMongoError) and not is_away(error):
                    raise
                self._give_up_late(batch)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 1.0)

    async def _write_once(self, batch: deque[_Waiting]) -> None:
        if self._are_heads_stale:
            self._heads.clear()
            self._are_heads_stale = False
        await self._number(batch)
        if not batch:
            return
        try:
            await self._entries.insert_in_order([each.entry for each in batch])
        except BulkWriteError as error:
            await self._settle(batch, error)
        else:
            self._acknowledge(batch, len(batch))

    async def _number(self, batch: deque[_Waiting]) -> None:
        unknown = {each.entry.conversation_id for each in batch} - self._heads.keys()
        if unknown:
            heads = await self._entries.newest_heads(list(unknown))
            # Behind the heads: a block that comes in between takes the next number away from us.
            blocks = await self._entries.newest_blocks(list(unknown))
            await self._refuse(batch, blocks)
            self._heads.update({of: head for of, head in heads.items() if of not in blocks})
        edits = [waiting for waiting in batch if waiting.entry.kind is EntryKind.EDIT]
        if edits:
            await self._judge(batch, edits)
        numbers: dict[str, int] = {}
        for each in batch:
            conversation_id = each.entry.conversation_id
            number = numbers.get(conversation_id, self._heads[conversation_id]) + 1
            numbers[conversation_id] = number
            each.entry = replace(each.entry, sequence=number)

    async def _refuse(self, batch: deque[_Waiting], blocks: dict[str, tuple[str, ...]]) -> None:
        """Answer those who write to blocked conversations; a resend still gets its first answer.

        Their heads are not kept, so that the next one looks whether it is open again.
        """
        if not blocks:
            return
        await self._resolve_stored(batch)
        for each in [each for each in batch if each.entry.conversation_id in blocks]:
            batch.remove(each)
            blocked_by = blocks[each.entry.conversation_id]
            _fail([each], blocked(blocked_by, each.entry.sender_id))

    async def _judge(self, batch: deque[_Waiting], edits: list[_Waiting]) -> None:
        """Answer edits of deleted messages, and those to words that stand, and leave the others."""
        stands = await self._entries.message_states({edit.entry.message_id or "" for edit in edits})
        newest: dict[str, _Waiting] = {}
        left = list[_Waiting]()
        for waiting in batch:
            if waiting.entry.kind is not EntryKind.EDIT:
                left.append(waiting)
                continue
            message_id = waiting.entry.message_id or ""
            before = newest.get(message_id)
            if before is not None and before.entry.body == waiting.entry.body:
                _share(before, waiting)
            elif before is not None or _is_to_write(waiting, stands.get(message_id)):
                newest[message_id] = waiting
                left.append(waiting)
        batch.clear()
        batch.extend(left)

    async def _settle(self, batch: deque[_Waiting], error: BulkWriteError) -> None:
        """Acknowledge what went in, and find out about the one at which the write stopped."""
        details = error.details or {}
        problems = details.get("writeErrors") or []
        if details.get("writeConcernErrors") or not problems:
            # What went in is not known to be durable; written again, the same ids tell.
            self._forget(batch)
            self._give_up_late(batch)
            return
        problem = problems[0]
        self._acknowledge(batch, int(problem["index"]))
        stopped = batch[0]
        self._heads.pop(stopped.entry.conversation_id, None)
        if problem.get("code") != _DUPLICATE_KEY:
            LOG.error("an entry was refused", extra={"code": problem.get("code")})
            refused = ParleyError(Code.INTERNAL, "The message could not be stored.")
            _fail([batch.popleft()], refused)
            return
        await self._resolve_stored(batch)
        if batch and batch[0] is stopped:  # only the number was taken, by another process
            _CONFLICTS.inc()
            # Where one head has moved, others have: renewed one by one, a batch of fifty conversations
            # that another gateway writes to as well took five seconds, and so did the next.
            self._forget(batch)
            self._give_up_late(batch)

    async def _resolve_stored(self, batch: deque[_Waiting]) -> None:
        """Answer all of the batch that is stored already, by one look-up.

        One at a time, each costs an insert that fails, behind the journal, and a find: 200 resends
        held everybody up for 21 s, longer than a call may take, so that all of them were sent again.
        """
        stored = await self._entries.get_stored([each.entry for each in batch])
        for each in [each for each in batch if each.entry.id in stored]:
            batch.remove(each)
            kept = stored[each.entry.id]
            _resolve(each, Appended(kept, is_new=kept.id == each.entry.id))

    def _acknowledge(self, batch: deque[_Waiting], count: int) -> None:
        for _ in range(count):
            each = batch.popleft()
            self._heads[each.entry.conversation_id] = each.entry.sequence
            self._heads.move_to_end(each.entry.conversation_id)
            _resolve(each, Appended(each.entry, is_new=True))
        while len(self._heads) > MAX_KNOWN_HEADS:
            self._heads.popitem(last=False)

    def _give_up_late(self, batch: deque[_Waiting]) -> None:
        now = asyncio.get_running_loop().time()
        late = deque(each for each in batch if now - each.since > GIVE_UP_AFTER_S)
        for each in late:
            batch.remove(each)
        _fail(late, _unknown_outcome())

    def _forget(self, batch: deque[_Waiting]) -> None:
        for each in batch:
            self._heads.pop(each.entry.conversation_id, None)


def _resolve(waiting: _Waiting, appended: Appended) -> None:
    if not waiting.done.done():
        waiting.done.set_result(appended)


def _fail(unanswered: Iterable[_Waiting], error: BaseException) -> None:
    for waiting in unanswered:
        if not waiting.done.done():
            waiting.done.set_exception(error)


def _is_to_write(waiting: _Waiting, stands: Entry | None) -> bool:
    """Whether an edit changes its message; if not, it has its answer."""
    try:
        said = entry_with_same_body(stands, waiting.entry)
    except ParleyError as refused:
        _fail([waiting], refused)
        return False
    if said is not None:
        # It may be this very edit, from an attempt whose outcome was not known.
        _resolve(waiting, Appended(said, is_new=said.id == waiting.entry.id))
    return said is None


def _share(before: _Waiting, waiting: _Waiting) -> None:
    """Give an edit the answer of the one just before it, which says the same."""

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
