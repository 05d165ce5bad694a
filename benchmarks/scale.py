"""The sizes and durations of the measures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """The sizes for one run of all measures; times in seconds."""

    rounds: int
    warm_up_s: float
    length_s: float
    conversations: int
    fan_out_connections: int
    idle_connections: int
    settle_s: float
    new_connections: int
    relay_s: float
    notify_s: float
    notify_backlog: int
    inbox_requests: int
    herd_clients: int
    herd_senders: int
    herd_s: float

    @property
    def seeded(self) -> int:
        """How many conversations the largest measure needs."""
        largest = max(self.idle_connections, self.new_connections, self.herd_clients)
        return (largest + 1) // 2


FULL = Scale(
    rounds=3,
    warm_up_s=2,
    length_s=6,
    conversations=50,
    fan_out_connections=1_000,
    idle_connections=3_000,
    settle_s=5,
    new_connections=3_000,
    relay_s=15,
    notify_s=30,
    notify_backlog=200_000,
    inbox_requests=500,
    herd_clients=5_000,
    herd_senders=300,
    herd_s=5,
)

# Enough to see that every figure is produced; none of them is meaningful.
QUICK = Scale(
    rounds=1,
    warm_up_s=0.3,
    length_s=1,
    conversations=20,
    fan_out_connections=100,
    idle_connections=400,
    settle_s=0.5,
    new_connections=200,
    relay_s=1,
    notify_s=2,
    notify_backlog=1_000,
    inbox_requests=20,
    herd_clients=200,
    herd_senders=40,
    herd_s=1,
)
