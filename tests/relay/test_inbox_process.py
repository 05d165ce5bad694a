"""The relay process moves conversations up, and the next relay continues after a kill."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from marketplace import live, tasks
from marketplace.bootstrap import SystemClock
from marketplace.domain.conversations import Conversation, Entry
from marketplace.ports import Announcement, account_room
from marketplace.presence import RedisPresence
from marketplace.storage import MongoStore
from marketplace.storage.entry_writer import EntryWriter
from relay.inbox import Inbox
from tests.builders import a_conversation, a_message
from tests.relay.conftest import StartRelay


@pytest_asyncio.fixture
async def conversation(store: MongoStore) -> Conversation:
    """A conversation in the store."""
    conversation = a_conversation(created_at=SystemClock().now())
    await store.conversations.add(conversation)
    return conversation


@pytest_asyncio.fixture
async def heard(
    redis_url: str, conversation: Conversation
) -> AsyncIterator["asyncio.Queue[live.LiveItem]"]:
    """What the customer's gateway hears; the customer counts as connected."""
    customer = conversation.participants[0].account_id
    queue: asyncio.Queue[live.LiveItem] = asyncio.Queue()
    background = tasks.Background(pytest.fail)

    async def nothing_missed() -> None:
        pass

    subscriber = live.Subscriber(
        redis_url, "listener", "listener", queue.put_nowait, nothing_missed
    )
    subscriber.start(background)
    await subscriber.join(account_room(customer))
    redis = live.connect(redis_url)
    await RedisPresence(redis, "listener", SystemClock()).connected(customer)
    yield queue
    await background.end()
    await subscriber.close()
    await redis.aclose()


async def _say(store: MongoStore, conversation: Conversation, count: int) -> list[Entry]:
    writer, now = EntryWriter(store.entries), SystemClock().now()
    about = {
        "conversation_id": conversation.id,
        "sender_id": conversation.participants[1].account_id,
        "at": now,
    }
    appended = await asyncio.gather(*(writer.append(a_message(**about)) for _ in range(count)))
    return [written.entry for written in appended]


async def _noted(store: MongoStore, conversation: Conversation) -> int:
    found = await store.database["conversations"].find_one({"_id": conversation.id})
    assert found is not None
    return int(found["newest"]["sequence"])


async def _until_noted(store: MongoStore, conversation: Conversation, sequence: int) -> None:
    async with asyncio.timeout(15):
        while await _noted(store, conversation) != sequence:  # noqa: ASYNC110 # done by the relay
            await asyncio.sleep(0.02)


async def _pushed(heard: "asyncio.Queue[live.LiveItem]", sequence: int) -> list[Announcement]:
    """The pushes up to the one with this sequence."""
    pushes: list[Announcement] = []
    async with asyncio.timeout(15):
        while not pushes or pushes[-1].data["last_entry"]["sequence"] != sequence:
            item = await heard.get()
            assert type(item) is Announcement
            pushes.append(item)
    return pushes


@pytest.mark.usefixtures("topics")
async def test_connected_apps_get_few_pushes_and_the_last_message(
    store: MongoStore,
    conversation: Conversation,
    heard: "asyncio.Queue[live.LiveItem]",
    start_relay: StartRelay,
) -> None:
    """A hundred messages at once are few pushes, the last of them with the last message."""
    async with start_relay():
        await _say(store, conversation, 100)
        pushes = await _pushed(heard, 100)
        await _until_noted(store, conversation, 100)

    assert len(pushes) < 10
    assert {push.name for push in pushes} == {"inbox.updated"}
    assert pushes[-1].data["unread"] == 100


@pytest.mark.usefixtures("topics")
async def test_the_next_relay_moves_what_a_killed_one_left(
    store: MongoStore,
    conversation: Conversation,
    heard: "asyncio.Queue[live.LiveItem]",
    start_relay: StartRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It dies between Kafka's acknowledgement and the move: its position is from before."""
    async with start_relay() as relay:
        await _say(store, conversation, 1)
        await _pushed(heard, 1)
        monkeypatch.setattr(Inbox, "move_due", lambda *_: None)
        sent = asyncio.Event()
        monkeypatch.setattr(Inbox, "sent", lambda *_: sent.set())
        await _say(store, conversation, 20)
        await asyncio.wait_for(sent.wait(), 15)
        await asyncio.sleep(0.3)  # long enough for the position to be kept, if it were
        await relay.crash()
    assert await _noted(store, conversation) == 1
    monkeypatch.undo()

    async with start_relay("relay-2"):
        await _pushed(heard, 21)
        await _until_noted(store, conversation, 21)
