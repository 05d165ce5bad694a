"""Addresses that are not written to any more."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.domain.conversations import Channel


@dataclass(frozen=True, slots=True)
class Suppression:
    """A provider said of an address that it is dead, or that whoever owns it said stop."""

    id: str
    channel: Channel
    reason: str
    notification_id: str
    created_at: datetime


def suppression_id(channel: Channel, address: str) -> str:
    """One for an address, however it is written."""
    return f"{channel.value}:{address.strip().casefold()}"
