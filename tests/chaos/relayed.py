"""What Kafka has of a history, held against what is stored."""

from tests.chaos.history import History, ReadAll
from tests.journeys import topics
from tests.journeys.site import Site
from tests.journeys.waiting import eventually


async def kafka_holds(site: Site, history: History) -> None:
    """The topic has the entries of each conversation in the order in which they are stored."""
    talks = {each.conversation_id for each in history.of(ReadAll)}
    stored = {
        talk: [
            each["_id"]
            for each in await site.documents("entries", "sequence", conversation_id=talk)
        ]
        for talk in talks
    }

    async def relayed() -> dict[str, list[str]]:
        found = await topics.events(site, talks, "conversations")
        kept: dict[str, list[str]] = {talk: [] for talk in talks}
        for each in found:
            if each["name"] != "conversation.started":
                kept[each["key"]].append(each["id"])
        return kept

    assert await eventually(relayed, lambda seen: _size(seen) >= _size(stored)) == stored


def _size(ids: dict[str, list[str]]) -> int:
    return sum(map(len, ids.values()))
