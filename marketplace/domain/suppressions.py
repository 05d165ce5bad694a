"""Addresses that get no more notifications."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.domain.conversations import Channel


@dataclass(frozen=True, slots=True)
class Suppression:
    """A provider reported that an address is dead or that its owner opted out."""

    id: str
    channel: Channel
    reason: str
    notification_id: str
    created_at: datetime


def suppression_id(channel: Channel, address: str) -> str:
    """One id for an address, however it is written."""
    return f"{channel.value}:{address.strip().casefold()}"
