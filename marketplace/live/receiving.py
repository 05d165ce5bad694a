"""Hands received items to receivers; a receiver that fails never stops the listener."""

import time
from collections.abc import Callable

from prometheus_client import Counter

from marketplace.logs import get_logger
from marketplace.ports import Announcement, Signal

LOG = get_logger(__name__)
# A defect may fail on every message: each failure is counted, and one a second is logged.
LOGGED_EVERY_S = 1.0

_FAILED = Counter(
    "parley_live_receiver_failures_total",
    "Announcements and signals that were skipped because their receiver failed",
)

LiveItem = Announcement | Signal
Receive = Callable[[LiveItem], None]


class Receiver:
    """Calls receivers; an exception is counted, logged without its text, and otherwise ignored."""

    def __init__(self) -> None:
        self._logged_at = float("-inf")

    def hand_over(self, receive: Receive, item: LiveItem) -> None:
        """Call the receiver; never raises."""
        try:
            receive(item)
        except Exception as error:
            _FAILED.inc()
            now = time.monotonic()
            if now - self._logged_at >= LOGGED_EVERY_S:
                self._logged_at = now
                # Neither the error's text nor its data: both may contain what people wrote.
                traceback = error.__traceback__
                while traceback is not None and traceback.tb_next is not None:
                    traceback = traceback.tb_next
                LOG.error(
                    "a receiver failed",
                    item=item.name[:64],
                    why=type(error).__name__,
                    at_line=(
                        f"{traceback.tb_frame.f_code.co_name}:{traceback.tb_lineno}"
                        if traceback is not None
                        else ""
                    ),
                )


RECEIVER = Receiver()
"""This process's receiver."""
