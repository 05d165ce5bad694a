"""What was sent, acknowledged and seen in one conversation, and whether that is as promised."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

# An entry in one line: what must be the same for everybody.
Line = tuple[int, str, str | None, str | None, str | None]


@dataclass(slots=True)
class Sent:
    """A message as its sender wrote it, and each acknowledgement it got (sequence, id)."""

    body: str
    acknowledged: list[tuple[int, str]] = field(default_factory=list)


class History:
    """Recorded by the apps themselves: entries as they came in, in that order, none taken out."""

    def __init__(self) -> None:
        # sender → client_message_id → message, in the order of sending
        self._sent: dict[str, dict[str, Sent]] = {}
        self._seen: dict[str, list[Line]] = {}
        self._refused: list[str] = []

    def send(self, sender_id: str, client_message_id: str, body: str) -> None:
        """A message went out for the first time."""
        self._sent.setdefault(sender_id, {})[client_message_id] = Sent(body)

    def acknowledge(self, sender_id: str, message: dict[str, Any]) -> None:
        """A message, or a resend of it, was acknowledged with ok."""
        sent = self._sent[sender_id][message["client_message_id"]]
        sent.acknowledged.append((message["sequence"], message["id"]))

    def refuse(self, client_message_id: str, error: dict[str, Any]) -> None:
        """A message was refused for good."""
        self._refused.append(f"{client_message_id}: {error['code']}")

    def see(self, account_id: str, entry: dict[str, Any]) -> None:
        """An app got an entry, pushed or read."""
        self._seen.setdefault(account_id, []).append(line_of(entry))

    def acknowledged_count(self) -> int:
        """How many messages were acknowledged."""
        return sum(
            bool(each.acknowledged) for some in self._sent.values() for each in some.values()
        )

    def last_seen(self, account_id: str) -> int:
        """The highest sequence an app got; 0 before the first."""
        return max((line[0] for line in self._seen.get(account_id, [])), default=0)

    def faults(self, stored: Iterable[dict[str, Any]], members: Iterable[str]) -> list[str]:
        """All that is not as promised; `stored` are the entries that are kept, by sequence."""
        lines = [line_of(each) for each in stored]
        return [
            *(f"refused: {each}" for each in self._refused),
            *_faults_of_numbers(lines),
            *self._faults_of_storing(lines),
            *self._faults_of_order(lines),
            *(fault for each in members for fault in self._faults_of_seeing(each, lines)),
        ]

    def _faults_of_storing(self, lines: list[Line]) -> Iterable[str]:
        """Acknowledged is stored, as acknowledged, once; stored is what was sent."""
        stored: dict[tuple[str | None, str | None], list[Line]] = {}
        for line in lines:
            if line[1] == "message":
                stored.setdefault((line[2], line[3]), []).append(line)
        for sender_id, messages in self._sent.items():
            for client_message_id, sent in messages.items():
                found = stored.pop((sender_id, client_message_id), [])
                if len(found) > 1:
                    yield f"stored {len(found)} times: {client_message_id}"
                if len(set(sent.acknowledged)) > 1:
                    yield f"acknowledged in two ways: {client_message_id} {sent.acknowledged}"
                if sent.acknowledged and not found:
                    yield f"acknowledged but not stored: {client_message_id}"
                for line in found:
                    if line[4] != sent.body:
                        yield f"stored with another body: {client_message_id}"
                    if sent.acknowledged and sent.acknowledged[0][0] != line[0]:
                        yield f"acknowledged under another sequence: {client_message_id}"
        yield from (f"stored but never sent: {key}" for key in stored)

    def _faults_of_order(self, lines: list[Line]) -> Iterable[str]:
        """A sender's messages stand in the order of sending."""
        for sender_id, messages in self._sent.items():
            kept = [line[3] for line in lines if line[1] == "message" and line[2] == sender_id]
            if kept != [each for each in messages if each in set(kept)]:
                yield f"not in the order of sending: {sender_id}"

    def _faults_of_seeing(self, account_id: str, lines: list[Line]) -> Iterable[str]:
        """Seen is what is stored: all of it, in order, each once, without anybody sorting it."""
        seen = self._seen.get(account_id, [])
        if seen == lines:
            return
        for line, count in Counter(seen).items():
            if count > 1:
                yield f"{account_id} saw {count} times: {line}"
        yield from (f"{account_id} missed: {line}" for line in lines if line not in set(seen))
        yield from (
            f"{account_id} saw what is not stored: {x}" for x in seen if x not in set(lines)
        )
        if seen != sorted(seen, key=lambda line: line[0]):
            yield f"{account_id} saw another order"


def line_of(entry: dict[str, Any]) -> Line:
    """An entry as an app gets it, a push, or a stored document, in one line."""
    return (
        entry["sequence"],
        entry.get("kind", "message"),  # a pushed message does not name its kind
        entry.get("sender_id") if entry.get("client_message_id") else None,
        entry.get("client_message_id"),
        entry.get("body"),
    )


def _faults_of_numbers(lines: list[Line]) -> Iterable[str]:
    numbers = [line[0] for line in lines]
    if numbers != list(range(1, len(lines) + 1)):
        yield f"stored sequences are not dense from 1: {numbers}"
