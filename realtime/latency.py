"""How long a push is on its way: from the moment in it until it is handed to the members here."""

import time
from datetime import datetime
from typing import Any

from prometheus_client import Histogram

_FAN_OUT = Histogram(
    "parley_fan_out_seconds",
    "Time from an entry's or change's own timestamp until it was handed to the members of its room",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)


def observe_fan_out(data: dict[str, Any]) -> None:
    """Note a push; once for all its recipients, since at this rate each costs 2 µs.

    The moment is when the gateway that took it began to write it, so the write is in it, and how far
    apart the clocks of two machines are.
    """
    began_at = data.get("sent_at") or data.get("at")
    if began_at is not None:
        _FAN_OUT.observe(max(0.0, time.time() - datetime.fromisoformat(began_at).timestamp()))
