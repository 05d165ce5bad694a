"""What a sender does, and the three ways in which it fails."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

# One answer may take this long; connecting may take as long again.
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
    """The provider refused it, and would again."""


class TemporarySendError(SendError):
    """It certainly did not go out; later it may.  `retry_after_s` is what the provider asked for."""

    def __init__(self, reason: str, told: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(reason, told)
        self.retry_after_s = retry_after_s


class OutcomeUnknownError(SendError):
    """The request left and no usable answer came: it may have gone out."""


class Sender(Protocol):
    """One channel's way out, by its provider's official client, off the event loop."""

    @property
    def can_look_up(self) -> bool:
        """Whether a try of unknown outcome can be found at the provider."""

    async def send(self, outgoing: Outgoing) -> str:
        """Hand it to the provider; returns the provider's id.

        Raises:
            PermanentSendError, TemporarySendError, OutcomeUnknownError
        """

    async def look_up(self, outgoing: Outgoing) -> str | None:
        """The provider's id of the same one when it went out before, else None.

        Raises:
            SendError: when the provider does not tell.
        """
