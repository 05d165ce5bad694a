"""The events in Kafka, compared with what is stored."""

from tests.chaos.history import History, ReadAll
from tests.journeys import topics
from tests.journeys.site import Site
from tests.journeys.waiting import eventually


async def check_kafka(site: Site, history: History) -> None:
    """Check that the topic has each conversation's entries in the order in which they are stored."""
    talks = {read.conversation_id for read in history.of(ReadAll)}
    stored = {
        talk: [
            entry["_id"]
            for entry in await site.documents("entries", "sequence", conversation_id=talk)
        ]
        for talk in talks
    }

    async def relayed() -> dict[str, list[str]]:
        found = await topics.events(site, talks, "conversations")
        kept: dict[str, list[str]] = {talk: [] for talk in talks}
        for event in found:
            if event["name"] != "conversation.started":
                kept[event["key"]].append(event["id"])
        return kept

    assert await eventually(relayed, lambda seen: _size(seen) >= _size(stored)) == stored


def _size(ids: dict[str, list[str]]) -> int:
    return sum(map(len, ids.values()))
