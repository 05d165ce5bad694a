"""The relay moves conversations up: often enough, not too often, and never for nothing."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from marketplace.domain.conversations import Conversation, Entry
from marketplace.errors import TemporaryError
from marketplace.ports import Repositories, World, account_room
from marketplace.storage.tail import Token
from relay import inbox as module
from relay.inbox import Inbox
from tests import memory
from tests.builders import NOW, a_conversation, a_message, a_notice


class Scene:
    """A world in memory with a conversation whose customer is connected, and a relay's inbox."""

    def __init__(self) -> None:
        self.store, self.live = memory.Store(), memory.Live()
        self.world: World = memory.a_world(store=self.store, live=self.live)
        self.conversation: Conversation = a_conversation()
        self.customer, self.vendor = (
            participant.account_id for participant in self.conversation.participants
        )
        self.advanced: list[dict[str, tuple[int, datetime]]] = []
        self.inbox = Inbox(self.world)
        self.fails = 0

    async def begin(self) -> "Scene":
        """Add the conversation, and connect the customer."""
        await self.store.conversations.add(self.conversation)
        await self.world.presence.connected(self.customer)
        setattr(self.store, "inbox", _Recorded(self))  # noqa: B010 # a port of the store
        return self

    async def written(self, *entries: Entry) -> list[Entry]:
        """Entries as the relay reads them from the store."""

        async def work(tx: Repositories) -> list[Entry]:
            return [await tx.entries.add_next(entry) for entry in entries]

        return await self.store.transact(work)

    async def says(self, **named: Any) -> Entry:
        """A message of the vendor, committed."""
        about = {"conversation_id": self.conversation.id, "sender_id": self.vendor}
        (entry,) = await self.written(a_message(**{**about, **named}))
        return entry

    async def begun(self) -> None:
        """Begin to move, and return while that is in progress."""
        self.inbox.move_due(0)
        await asyncio.sleep(0)

    async def moved(self) -> None:
        """Move what is due, and wait until it has been moved."""
        self.inbox.move_due(asyncio.get_running_loop().time() + 60)
        if self.inbox._moving is not None:
            await asyncio.wait([self.inbox._moving])

    def kept(self) -> Token | None:
        """The position that the relay may keep now."""
        return self.inbox.position

    @property
    def sequences(self) -> list[int]:
        """The sequences that were noted for the conversation, in order."""
        return [moved[self.conversation.id][0] for moved in self.advanced]

    def pushed(self) -> list[tuple[str, dict[str, Any]]]:
        """The pushes to accounts, with their rooms."""
        return [
            (announcement.room, announcement.data)
            for announcement in self.live.named("inbox.updated")
        ]


class _Recorded:
    """The store's inbox, which records what is noted, and may be away."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._inbox = scene.store.inbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inbox, name)

    async def advance(self, newest: Mapping[str, tuple[int, datetime]]) -> None:
        if self._scene.fails:
            self._scene.fails -= 1
            raise TemporaryError("MongoDB: AutoReconnect")
        self._scene.advanced.append(dict(newest))


@pytest_asyncio.fixture
async def scene() -> Scene:
    """A conversation whose customer is connected."""
    return await Scene().begin()


async def test_a_message_moves_its_conversation_for_connected_participants(scene: Scene) -> None:
    """The place is noted for both; only the connected participant is pushed its row."""
    message = await scene.says(body="Hello,\nthere")

    scene.inbox.note([message])
    await scene.moved()

    assert scene.advanced == [{scene.conversation.id: (1, message.at)}]
    assert scene.pushed() == [
        (
            account_room(scene.customer),
            {
                "conversation_id": scene.conversation.id,
                "last_entry": {
                    "sequence": 1,
                    "kind": "message",
                    "at": "2040-05-17T09:30:00.000Z",
                    "sender_id": scene.vendor,
                    "preview": "Hello, there",
                    "attachment_count": 0,
                    "code": None,
                },
                "unread": 1,
                "is_muted": False,
                "is_archived": False,
            },
        )
    ]


async def test_messages_during_a_move_become_one_later_move(scene: Scene) -> None:
    """What comes while a move runs makes the next one."""
    scene.inbox.note([await scene.says(body=f"{n}") for n in range(50)])
    await scene.begun()
    scene.inbox.note([await scene.says(body="last")])
    await scene.moved()
    await scene.moved()

    assert scene.sequences == [50, 51]
    assert scene.pushed()[-1][1]["last_entry"]["preview"] == "last"
    assert scene.pushed()[-1][1]["unread"] == 51


async def test_a_busy_conversation_is_moved_at_most_every_half_second(scene: Scene) -> None:
    """The last entry is moved all the same."""
    scene.inbox.note([await scene.says()])
    await scene.moved()
    scene.inbox.note([await scene.says()])
    now_s = asyncio.get_running_loop().time()

    scene.inbox.move_due(now_s + 0.4)
    assert len(scene.advanced) == 1
    scene.inbox.move_due(now_s + 0.6)
    await scene.moved()

    assert scene.sequences == [1, 2]


async def test_entries_read_again_are_not_pushed_again(scene: Scene) -> None:
    """After trouble with Kafka the relay reads the same entries once more, every few seconds."""
    entries = [await scene.says(), await scene.says()]
    scene.inbox.note(entries)
    await scene.moved()

    for _ in range(3):
        scene.inbox.begin()
        scene.inbox.note(entries[:1])
        await scene.moved()
        scene.inbox.note(entries)
        await scene.moved()

    assert len(scene.pushed()) == 1


async def test_a_sequence_given_again_after_a_restore_is_moved(scene: Scene) -> None:
    """Its time is later, so it is moved."""
    first = await scene.says()
    scene.inbox.note([first])
    await scene.moved()
    scene.store.tables.entries.clear()
    again = await scene.says(at=NOW + timedelta(minutes=1))

    scene.inbox.note([again])
    await scene.moved()

    assert again.sequence == first.sequence
    assert len(scene.pushed()) == 2


async def test_a_notice_moves_its_conversation(scene: Scene) -> None:
    """A quote moves its conversation."""
    (notice,) = await scene.written(
        a_notice(conversation_id=scene.conversation.id, sender_id=scene.vendor)
    )

    scene.inbox.note([notice])
    await scene.moved()

    ((_, pushed),) = scene.pushed()
    assert (pushed["last_entry"]["code"], pushed["unread"]) == (notice.code, 0)


async def test_a_position_waits_until_everything_before_it_is_moved(scene: Scene) -> None:
    """Otherwise a killed relay would leave conversations where they were."""
    assert scene.kept() is None
    scene.inbox.sent({"_data": "idle"})
    assert scene.kept() == {"_data": "idle"}

    scene.inbox.note([await scene.says()])
    scene.inbox.sent({"_data": "1"})
    assert (scene.kept(), scene.inbox.is_behind) == ({"_data": "idle"}, True)
    await scene.begun()
    scene.inbox.note([await scene.says()])
    scene.inbox.sent({"_data": "2"})
    await scene.moved()
    assert scene.kept() == {"_data": "1"}
    await scene.moved()
    assert (scene.kept(), scene.inbox.is_behind) == ({"_data": "2"}, False)


async def test_an_outage_of_the_store_loses_no_move(scene: Scene) -> None:
    """The position stays, and the newest entry is moved when the store is back."""
    scene.fails = 1
    scene.inbox.note([await scene.says()])
    scene.inbox.sent({"_data": "1"})
    await scene.moved()
    assert (scene.kept(), scene.advanced) == (None, [])

    scene.inbox.note([await scene.says()])
    await scene.moved()

    assert scene.advanced[0][scene.conversation.id][0] == 2
    assert scene.kept() == {"_data": "1"}


async def test_a_position_of_an_earlier_stream_is_discarded(scene: Scene) -> None:
    """A restore moves the position back; a move that began before must not overwrite that."""
    scene.inbox.note([await scene.says()])
    scene.inbox.sent({"_data": "before"})
    await scene.begun()
    scene.inbox.begin()
    await scene.moved()

    assert scene.kept() is None


async def test_places_are_noted_while_redis_is_down(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pushes would be lost anyway."""

    async def away(_: object) -> frozenset[str]:
        raise TemporaryError("Redis: ConnectionError")

    monkeypatch.setattr(scene.world.presence, "connected_among", away)
    scene.inbox.note([await scene.says()])
    scene.inbox.sent({"_data": "1"})
    await scene.moved()

    assert len(scene.advanced) == 1
    assert scene.kept() == {"_data": "1"}


async def test_a_defect_stops_the_relay(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must be noticed: the position would never move again."""

    async def broken(_: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(scene.store.inbox, "advance", broken)
    scene.inbox.note([await scene.says()])
    await scene.moved()

    with pytest.raises(KeyError):
        scene.inbox.move_due(0)


async def test_a_stopping_relay_moves_what_waits(scene: Scene) -> None:
    """Whatever is due or not."""
    scene.inbox.note([await scene.says()])
    await scene.moved()
    scene.inbox.note([await scene.says()])

    await scene.inbox.finish()

    assert len(scene.advanced) == 2


async def test_remembered_moves_are_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversations that were moved long ago are forgotten."""
    monkeypatch.setattr(module, "MAX_REMEMBERED", 3)
    for number in range(5):
        scene.inbox.note([a_message(conversation_id=f"c{number}", sequence=1)])
        await scene.moved()

    assert list(scene.inbox._moved) == ["c2", "c3", "c4"]
