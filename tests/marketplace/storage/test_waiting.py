"""The server's cost of finding what is due, what has changed and what happened."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from marketplace.domain.matches import MatchState
from marketplace.domain.timers import TimerKind
from marketplace.storage import MongoStore
from marketplace.storage.documents import to_document
from tests.builders import NOW, a_match, a_message, a_notice
from tests.rows import a_decision, a_timer

MANY = 500
SECOND = timedelta(seconds=1)


async def _examined(store: MongoStore, name: str, work: Awaitable[Any]) -> int:
    """How many documents of a collection the server examined for some work."""
    await store.database.command("profile", 2)
    try:
        await work
    finally:
        await store.database.command("profile", 0)
    profile = store.database["system.profile"]
    namespace = f"{store.database.name}.{name}"
    profiled = await profile.find({"ns": namespace}).to_list(None)
    await profile.drop()
    assert profiled
    return sum(command.get("docsExamined", 0) for command in profiled)


async def test_claiming_examines_only_due_timers(store: MongoStore) -> None:
    """Timers of other kinds and of later moments are not read."""
    later = [a_timer(due_at=NOW + SECOND) for _ in range(MANY)]
    others = [a_timer(kind=TimerKind.RFI_EXPIRY) for _ in range(MANY)]
    await store.timers.set_many([*later, *others, *(a_timer() for _ in range(20))])

    kind = TimerKind.OFFER_EXPIRY
    claim = store.timers.claim(kind, NOW, 8, NOW + SECOND)

    assert await _examined(store, "timers", claim) <= 3 * 8
    assert await _examined(store, "timers", store.timers.longest_due(kind, NOW)) <= 1


async def test_a_sweep_examines_only_what_has_changed(store: MongoStore) -> None:
    """Rows that have not changed for a while are not read."""
    old = [a_match(updated_at=NOW - SECOND) for _ in range(MANY)]
    await store.database["matches"].insert_many([to_document(match) for match in old])
    await store.matches.add(a_match())

    changed = store.matches.changed(MatchState.OFFERED, (NOW - SECOND, "~"), NOW, 200)

    assert await _examined(store, "matches", changed) <= 1


async def test_finding_notices_examines_no_messages(store: MongoStore) -> None:
    """A conversation has a few notices among many messages."""
    messages = [
        a_message(conversation_id="c", sender_id="carla", sequence=n) for n in range(1, MANY)
    ]
    notices = [a_notice(conversation_id="c", sequence=MANY + n) for n in range(3)]
    documents = [to_document(entry) for entry in (*messages, *notices)]
    await store.database["entries"].insert_many(documents)

    read = store.entries.notices_before(["c", "other"], NOW + SECOND, "", 50)
    assert await _examined(store, "entries", read) <= 3
    assert len(await store.entries.notices_before(["c", "other"], NOW + SECOND, "", 50)) == 3
    wrote = store.entries.has_message_of("c", "vera")
    assert await _examined(store, "entries", wrote) == 0


async def test_finding_decisions_examines_only_those_of_the_subject(store: MongoStore) -> None:
    """Decisions about other subjects are not read."""
    documents = [to_document(a_decision()) for _ in range(MANY)]
    await store.database["decisions"].insert_many(documents)
    await store.decisions.add(a_decision(subject_id="rfi"))

    read = store.decisions.before(["rfi"], NOW + SECOND, "", 50)

    assert await _examined(store, "decisions", read) <= 1
