"""What a sender does, and the three ways in which it fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

# One request, from connecting to the last byte of its answer, takes no longer than this.
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text on its way to one address; an SMS has neither subject nor HTML."""

    notification_id: str
    to: str
    text: str
    created_at: datetime
    subject: str = ""
    html: str = ""


class SendError(Exception):
    """A try that did not succeed; `reason` is a word for the delivery log."""

    def __init__(self, reason: str, told: str = "") -> None:
        super().__init__(f"{reason} {told}".strip())
        self.reason = reason


class PermanentSendError(SendError):
    """The provider refused this recipient or this text, and would again."""


class TemporarySendError(SendError):
    """It certainly did not go out; later it may.

    `retry_after_s` is what the provider asked for.  `is_for_all` tells whether the next message
    would meet the same (the provider is away or too busy, our account or key is refused).
    """

    def __init__(
        self,
        reason: str,
        told: str = "",
        retry_after_s: float | None = None,
        *,
        is_for_all: bool = True,
    ) -> None:
        super().__init__(reason, told)
        self.retry_after_s = retry_after_s
        self.is_for_all = is_for_all


class OutcomeUnknownError(SendError):
    """The request left and no usable answer came: it may have gone out."""


class Sender(Protocol):
    """One channel's way out, by its provider's official client."""

    @property
    def can_look_up(self) -> bool:
        """Whether a try of unknown outcome can be found at the provider."""

    async def check(self) -> None:
        """Ask the provider once whether it takes our credentials.

        Raises:
            SettingsError: when it does not.
            SendError: when it does not tell.
        """

    async def send(self, outgoing: Outgoing) -> str:
        """Hand it to the provider; returns the provider's id.

        Raises:
            PermanentSendError, TemporarySendError, OutcomeUnknownError
        """

    async def look_up(self, outgoing: Outgoing) -> Sequence[str]:
        """The provider's ids of recent messages like this one, newest first.

        Raises:
            SendError: when the provider does not tell.
        """
