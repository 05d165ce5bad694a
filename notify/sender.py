"""The port of a sender, and the three ways in which it fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.errors import BaseError

# The limit for one request, from connecting to the last byte of its answer.
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text for one address; an SMS has neither subject nor HTML."""

    notification_id: str
    to: str
    text: str
    created_at: datetime
    subject: str = ""
    html: str = ""


class SendError(BaseError):
    """A failed try; `reason` goes into the delivery log, `detail` into the logs only."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason


class PermanentSendError(SendError):
    """The provider refused this recipient or this text, and would do so again."""


class TemporarySendError(SendError):
    """The message certainly did not go out; a retry may succeed.

    `retry_after_s` is the pause that the provider asked for.  `is_for_all` says whether the next
    message would fail too (the provider is down or busy, our account or key is refused).
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        retry_after_s: float | None = None,
        *,
        is_for_all: bool = True,
    ) -> None:
        super().__init__(reason, detail)
        self.retry_after_s = retry_after_s
        self.is_for_all = is_for_all


class OutcomeUnknownError(SendError):
    """The request was sent and no usable answer came: the message may have gone out."""


class Sender(Protocol):
    """Sends one channel's messages with its provider's official client."""

    @property
    def can_look_up(self) -> bool:
        """Whether a try of unknown outcome can be looked up at the provider."""

    async def check(self) -> None:
        """Ask the provider once whether it accepts our credentials.

        Raises:
            SettingsError: when it does not.
            SendError: when it does not answer.
        """

    async def send(self, outgoing: Outgoing) -> str:
        """Send a message through the provider; returns the provider's id.

        Raises:
            PermanentSendError, TemporarySendError, OutcomeUnknownError
        """

    async def look_up(self, outgoing: Outgoing) -> Sequence[str]:
        """The provider's ids of recent messages like this one, newest first.

        Raises:
            SendError: when the provider does not answer.
        """
