"""What is heard is handed to receivers, and none of them ends the hearing."""

import logging
import time
from collections.abc import Callable

from prometheus_client import Counter

from marketplace.ports import Announcement, Signal

LOG = logging.getLogger(__name__)
# A fault of ours may come with every message: all are counted, and one a second is logged.
LOGGED_EVERY_S = 1.0

_FAILED = Counter(
    "parley_live_receiver_failures_total", "Announcements and signals whose receiver failed"
)

LiveItem = Announcement | Signal
Receive = Callable[[LiveItem], None]


class Receiver:
    """Hands over what is heard; whatever a receiver raises is counted, logged by name, and skipped."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._logged_at = float("-inf")

    def hand_over(self, receive: Receive, told: LiveItem) -> None:
        """Never raises."""
        try:
            receive(told)
        except Exception as error:
            _FAILED.inc()
            now = self._monotonic()
            if now - self._logged_at >= LOGGED_EVERY_S:
                self._logged_at = now
                # Neither the message of the error nor its data: both may hold what people wrote.
                where = error.__traceback__
                while where is not None and where.tb_next is not None:
                    where = where.tb_next
                LOG.error(
                    "a receiver failed",
                    extra={
                        "told": told.name[:64],
                        "why": type(error).__name__,
                        "at_line": f"{where.tb_frame.f_code.co_name}:{where.tb_lineno}"
                        if where is not None
                        else "",
                    },
                )


RECEIVER = Receiver()
"""The one of this process."""
