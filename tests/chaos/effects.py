"""The effects that people want over REST or that timers cause, and the stored facts that prove them.

A mark is a word or a number that occurs in one request and in no other, so that a second effect of
the same request can be told from an effect of another one.
"""

from dataclasses import dataclass

from tests.chaos.history import Event


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that must happen once: its kind, the RFI it is about, and its mark.

    What a timer causes, `expire` and `warn`, has the id of the offer as its mark.
    """

    kind: str
    rfi_id: str
    mark: str


@dataclass(frozen=True, slots=True)
class Requested(Event):
    """A request for an effect was sent, for the first time or again; or a timer was set."""

    effect: Effect


@dataclass(frozen=True, slots=True)
class Done(Event):
    """It was answered with success (`answer` is the body), or found where nobody answers."""

    effect: Effect
    answer: str | None


@dataclass(frozen=True, slots=True)
class Rejected(Event):
    """It was refused permanently."""

    effect: Effect
    status: int
    code: str


@dataclass(frozen=True, slots=True)
class Ledger(Event):
    """Read when everything had come to rest: how often each fact is stored."""

    counts: dict[str, int]


def facts(effect: Effect) -> tuple[str, ...]:
    """The facts that must each be stored exactly once if the effect happened."""
    rfi_id, mark = effect.rfi_id, effect.mark
    return {
        "upload": (f"attachment {mark}.jpg",),
        "draft": (f"rfi {mark}", f"rfi.drafted {mark}"),
        "submit": (f"rfi.submitted {rfi_id}", f"revision {rfi_id} open"),
        "revise": (f"rfi.revised {rfi_id} {mark}", f"revision {rfi_id} {mark}"),
        "accept": (
            f"match.accepted {mark}",
            f"conversation {mark}",
            f"conversation.started {mark}",
            f"participant_joined {mark}",
        ),
        "message": (f"message {mark}",),
        "quote": (f"quote {rfi_id}", f"quote.submitted {mark}", f"quote_submitted {mark}"),
        "requote": (f"quote.updated {mark}", f"quote_updated {mark}"),
        "award": (f"rfi.awarded {rfi_id}", f"revision {rfi_id} awarded", f"rfi_awarded {rfi_id}"),
        "expire": (
            f"expired {mark}",
            f"decision expiry {mark}",
            f"match.closed {rfi_id}",
            f"offered to the next vendor {rfi_id}",
            f"decision matching {rfi_id}",
            f"match.offered {rfi_id}",
            f"email match_offered {rfi_id}",
            f"timer offer_warning {rfi_id}",
            *_of_offer(rfi_id),
        ),
        "warn": (f"email offer_expiring {rfi_id}", *_of_offer(rfi_id)),
    }[effect.kind]


def _of_offer(rfi_id: str) -> tuple[str, ...]:
    """What an RFI with one place has while there is an offer."""
    return (
        f"timer offer_expiry {rfi_id}",
        f"place on the RFI {rfi_id}",
        f"place of a vendor {rfi_id}",
    )
