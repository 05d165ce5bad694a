"""The rules for the record of uploads.

finished        every upload was answered in the end, and none was refused                 P11
whole           an acknowledged attachment can be read, with the bytes that were sent      P1
kept            one that an RFI has can still be read after the sweep
swept           of everything else nothing is left a day later
"""

from collections.abc import Iterator, Sequence

from tests.chaos.history import Event
from tests.chaos.record import Violation
from tests.chaos.uploads import Began, Left, ReadBack, RefusedUpload, Uploaded, Used


def upload_violations(events: Sequence[Event]) -> list[Violation]:
    """Find everything that breaks a promise in a history of uploads."""
    began = [event.sha256 for event in events if isinstance(event, Began)]
    if not began:
        return []
    sent = {event.attachment_id: event.sha256 for event in events if isinstance(event, Uploaded)}
    used = {event.attachment_id for event in events if isinstance(event, Used)}
    found = {
        "finished": _unfinished(began, sent, events),
        "whole": _not_whole(sent, _read(events, is_swept=False)),
        "kept": _not_whole({id_: sent[id_] for id_ in used}, _read(events, is_swept=True)),
        "swept": _left_over(used, _read(events, is_swept=True), events),
    }
    return [Violation(rule, "uploads", what) for rule, faults in found.items() for what in faults]


def _read(events: Sequence[Event], *, is_swept: bool) -> dict[str, str | None]:
    return {
        event.attachment_id: event.sha256
        for event in events
        if isinstance(event, ReadBack) and event.is_swept is is_swept
    }


def _unfinished(began: list[str], sent: dict[str, str], events: Sequence[Event]) -> Iterator[str]:
    for event in events:
        if isinstance(event, RefusedUpload):
            yield f"{event.sha256[:8]} was refused: {event.status} {event.why}"
    answered = {*sent.values(), *(e.sha256 for e in events if isinstance(e, RefusedUpload))}
    for sha256 in began:
        if sha256 not in answered:
            yield f"{sha256[:8]} has no answer"


def _not_whole(sent: dict[str, str], read: dict[str, str | None]) -> Iterator[str]:
    for attachment_id, sha256 in sent.items():
        if attachment_id not in read:
            yield f"nobody read {attachment_id}"
        elif read[attachment_id] != sha256:
            yield f"{attachment_id} is read as {read[attachment_id]} instead of {sha256}"


def _left_over(
    used: set[str], read: dict[str, str | None], events: Sequence[Event]
) -> Iterator[str]:
    stored = [event for event in events if isinstance(event, Left)]
    if not stored:
        yield "nobody looked at what is stored"
        return
    for attachment_id in stored[-1].attachment_ids:
        if attachment_id not in used:
            yield f"attachment {attachment_id}, which no RFI has"
    for attachment_id, sha256 in read.items():
        if attachment_id not in used and sha256 is not None:
            yield f"the bytes of {attachment_id}, which no RFI has"
    yield from stored[-1].strays
