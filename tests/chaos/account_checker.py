"""The rules for the record of accounts' feeds, whatever was killed meanwhile.

dense      the stored positions go from 1 to the feed's own without a hole                P2
stream     pushes begin after the join, each once, in order, and are what is stored       P5, P6
resume     the items after `after_position` go up to the position of the answer           P4
current    a join shows no lower position than anybody had seen before it                 P1
caught up  an app that stayed connected got every push                                    P6
view       the items that an app got over all its connections are what is stored          P4, P5
"""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.chaos.history import AtRest, Ended, Event, ItemPushed, ItemsJoined, ItemsRead
from tests.chaos.record import Violation

Item = tuple[str, dict[str, Any]]


def account_violations(events: Sequence[Event]) -> list[Violation]:
    """Find everything that breaks a promise in a history of accounts' feeds."""
    reads = [event for event in events if isinstance(event, ItemsRead)]
    followed = {event.account_id for event in events if isinstance(event, ItemsJoined)}
    unread = followed - {read.account_id for read in reads}
    found = [Violation("dense", account, "nobody read it in the end") for account in sorted(unread)]
    for read in reads:
        mine = [event for event in events if getattr(event, "account_id", None) == read.account_id]
        for rule, told in (
            ("dense", _dense(read)),
            ("stream", _streams(read, mine)),
            ("resume", _resumes(mine)),
            ("current", _current(mine)),
            ("caught up", _caught_up(read, mine, events)),
            ("view", _views(read, mine)),
        ):
            found += [Violation(rule, read.account_id, what) for what in told]
    return found


def _stored(read: ItemsRead) -> dict[int, Item]:
    return {item["position"]: (item["name"], item["data"]) for item in read.items}


def _dense(read: ItemsRead) -> Iterator[str]:
    positions = [item["position"] for item in read.items]
    if positions != list(range(1, read.position + 1)):
        yield f"positions {positions} of a feed at {read.position}"


def _streams(read: ItemsRead, mine: list[Event]) -> Iterator[str]:
    stored, positions = _stored(read), dict[str, int]()
    for event in mine:
        if isinstance(event, ItemsJoined):
            positions[event.connection] = event.position
        elif isinstance(event, ItemPushed):
            before = positions.get(event.connection)
            if before is None or event.position != before + 1:
                yield f"{event.connection} was pushed {event.position} when it had {before}"
            item = (event.name, event.data)
            if event.position <= read.position and stored.get(event.position) != item:
                yield f"{event.connection} was pushed another {event.position} than is stored"
            positions[event.connection] = max(before or 0, event.position)


def _resumes(mine: list[Event]) -> Iterator[str]:
    for event in mine:
        if not isinstance(event, ItemsJoined):
            continue
        got = [item["position"] for item in event.items]
        if event.after is None or event.is_snapshot:
            begin = got[0] if got else event.position + 1
        else:
            begin = event.after + 1
        if got != list(range(begin, event.position + 1)):
            yield f"{event.connection} resumed behind {event.after} at {event.position}, got {got}"
        if event.is_snapshot and event.after is not None:
            yield f"{event.connection} was at {event.after} and had to start over"


def _current(mine: list[Event]) -> Iterator[str]:
    told: list[tuple[float, int]] = []
    for event in mine:
        if isinstance(event, ItemsJoined):
            known = max((position for at, position in told if at < event.asked_at), default=0)
            if event.position < known:
                yield f"{event.connection} was shown {event.position}, when {known} had been told"
        if isinstance(event, ItemPushed | ItemsJoined):
            told.append((event.at, event.position))


def _caught_up(read: ItemsRead, mine: list[Event], events: Sequence[Event]) -> Iterator[str]:
    rest_at = next((event.at for event in events if isinstance(event, AtRest)), None)
    ended = {event.connection: event.at for event in events if isinstance(event, Ended)}
    positions = {
        event.connection: event.position
        for event in mine
        if isinstance(event, ItemPushed | ItemsJoined)
    }
    for connection, position in positions.items():
        stays = rest_at is not None and ended.get(connection, rest_at + 1) > rest_at
        if stays and position < read.settled:
            yield f"{connection} stayed and was told up to {position} of {read.settled}"


def _views(read: ItemsRead, mine: list[Event]) -> Iterator[str]:
    """Each app keeps every item that it got, by its number."""
    stored, views = _stored(read), dict[str, dict[int, Item]]()
    for event in mine:
        if isinstance(event, ItemsJoined):
            view = views.setdefault(event.app, {})
            view.update({item["position"]: (item["name"], item["data"]) for item in event.items})
        elif isinstance(event, ItemPushed):
            views.setdefault(event.app, {})[event.position] = (event.name, event.data)
    for app, view in views.items():
        first, last = min(view, default=1), max(view, default=0)
        if missing := [position for position in range(first, last + 1) if position not in view]:
            yield f"{app} never got {missing}"
        read_too = [position for position in view if position <= read.position]
        if different := [at for at in read_too if view[at] != stored.get(at)]:
            yield f"{app} has other items than are stored at {sorted(different)}"
