"""The rules for the record of RFI feeds: dense revisions, and changes that replay to the RFI.

dense        the stored revisions go from 1 to the RFI's own without a gap             P2
durable      an acknowledged revision is in the feed, with its changes                 P1
stream       pushes begin after the snapshot, each once, in order, without a gap       P5, P6
resume       the changes after `after_revision` go up to the snapshot's revision       P4
replay       an older RFI plus the later changes equals the newer RFI                  P4
current      a join shows no older revision than anybody had seen before               P1
caught up    an app that stayed connected got every push                               P6
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tests.chaos.history import (
    AtRest,
    Ended,
    Event,
    FeedJoined,
    FeedPushed,
    FeedRead,
    Revised,
)
from tests.chaos.record import Violation

Change = dict[str, Any]
# Set by every step, and named in no change.
_NOT_IN_CHANGES = frozenset({"revision", "updated_at"})
# Fields that only one of two versions that run together sends.
_NEW_IN_REVISIONS = frozenset({"budget_visibility"})
_NEW_IN_RFIS = frozenset({"area", "budget_visibility", "is_award_outdated", "visibility"})
# The previous version drops this field when it revises an RFI; this one then sets it once more.
_DROPPED = "expires_at"


def feed_violations(events: Sequence[Event]) -> list[Violation]:
    """Find everything that breaks a promise in a history of RFI feeds."""
    reads = [event for event in events if isinstance(event, FeedRead)]
    watched = {event.rfi_id for event in events if isinstance(event, FeedJoined | FeedPushed)}
    unread = watched - {read.rfi_id for read in reads}
    found = [Violation("dense", rfi_id, "nobody read it in the end") for rfi_id in sorted(unread)]
    for read in reads:
        mine = [event for event in events if getattr(event, "rfi_id", None) == read.rfi_id]
        for rule, faults in (
            ("dense", _dense(read)),
            ("durable", _durable(read, mine)),
            ("stream", _streams(read, mine, events)),
            ("resume", _resumes(read, mine)),
            ("replay", _replays(mine)),
            ("current", _current(mine)),
        ):
            found += [Violation(rule, read.rfi_id, what) for what in faults]
    return found


def replay(rfi: dict[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """Apply changes to the RFI; a change of one part has a dot in its path."""
    after = copy.deepcopy(rfi)
    for change in changes:
        for field in change["changes"]:
            name, _, part = field["path"].partition(".")
            if not part:
                after[name] = field["new"]
            elif field["new"] is None:
                after[name].pop(part, None)
            else:
                after[name] = {**(after[name] or {}), part: field["new"]}
    return after


def _dense(read: FeedRead) -> Iterator[str]:
    numbers = [change["revision"] for change in read.changes]
    if numbers != list(range(1, read.rfi["revision"] + 1)):
        yield f"revisions {numbers} of an RFI at {read.rfi['revision']}"


def _durable(read: FeedRead, events: list[Event]) -> Iterator[str]:
    stored = {change["revision"]: change for change in read.changes}
    for event in events:
        if isinstance(event, Revised):
            kept = stored.get(event.revision)
            new = {field["path"]: field["new"] for field in kept["changes"]} if kept else {}
            if not event.fields.items() <= new.items():
                yield f"acknowledged {event.revision} with {event.fields}, stored {new}"


def _streams(read: FeedRead, mine: list[Event], events: Sequence[Event]) -> Iterator[str]:
    stored = {change["revision"]: change for change in read.changes}
    positions: dict[str, int] = {}
    for event in mine:
        if isinstance(event, FeedJoined):
            positions[event.connection] = event.revision
        elif isinstance(event, FeedPushed):
            number, position = event.change["revision"], positions.get(event.connection)
            if position is None or number != position + 1:
                yield f"{event.connection} was pushed {number} when it had {position}"
            if not _is_same(event.change, stored.get(number)):
                yield f"{event.connection} was pushed another {number} than is stored"
            positions[event.connection] = max(position or 0, number)
    rest_at = next((event.at for event in events if isinstance(event, AtRest)), None)
    ended = {event.connection: event.at for event in events if isinstance(event, Ended)}
    for connection, position in positions.items():
        stays = rest_at is not None and ended.get(connection, rest_at + 1) > rest_at
        if stays and position < read.rfi["revision"]:
            yield f"{connection} stayed and was told up to {position} of {read.rfi['revision']}"


def _resumes(read: FeedRead, events: list[Event]) -> Iterator[str]:
    stored = {change["revision"]: change for change in read.changes}
    for event in events:
        if isinstance(event, FeedJoined):
            after = event.revision if event.after is None else event.after
            wanted = list(range(after + 1, event.revision + 1))
            got = [change["revision"] for change in event.changes]
            if got != wanted:
                yield f"{event.connection} resumed behind {after} at {event.revision}, got {got}"
            elif not all(
                _is_same(change, stored.get(change["revision"])) for change in event.changes
            ):
                yield f"{event.connection} was given other changes than are stored"


def _replays(events: list[Event]) -> Iterator[str]:
    """Each app keeps its RFI and applies the changes that it gets."""
    apps: dict[str, dict[str, Any]] = {}
    for event in events:
        if isinstance(event, FeedPushed) and event.app in apps:
            apps[event.app] = replay(apps[event.app], [event.change])
        elif isinstance(event, FeedJoined | FeedRead):
            readers = [event.app] if isinstance(event, FeedJoined) else list(apps)
            for app in readers:
                mine = apps.get(app, event.rfi)
                if isinstance(event, FeedJoined):
                    mine = replay(mine, event.changes)
                if different := _different(mine, event.rfi):
                    yield f"{app} has by its changes another RFI at {event.at:.3f}: {different}"
                apps[app] = event.rfi


def _current(events: list[Event]) -> Iterator[str]:
    seen: list[tuple[float, int]] = []
    for event in events:
        if isinstance(event, Revised):
            seen.append((event.at, event.revision))
        elif isinstance(event, FeedPushed):
            seen.append((event.at, event.change["revision"]))
        elif isinstance(event, FeedJoined):
            known = max((number for at, number in seen if at < event.asked_at), default=0)
            if event.revision < known:
                yield f"{event.connection} was shown {event.revision}, when {known} had been told"
            seen.append((event.at, event.revision))


def _is_same(one: dict[str, Any], other: dict[str, Any] | None) -> bool:
    """Whether two describe the same revision, apart from fields that the previous version lacks."""
    return other is not None and all(
        one.get(name) == other.get(name) for name in (one.keys() | other.keys()) - _NEW_IN_REVISIONS
    )


def _different(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    known_to_one = (one.keys() ^ other.keys()) & _NEW_IN_RFIS
    names = (one.keys() | other.keys()) - _NOT_IN_CHANGES - known_to_one
    if one.get(_DROPPED) is None or other.get(_DROPPED) is None:
        names -= {_DROPPED}
    return sorted(name for name in names if one.get(name) != other.get(name))
