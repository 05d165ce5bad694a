"""What nginx lets one address have; each number is multiplied by PARLEY_LIMIT_SCALE."""

from dataclasses import dataclass

# nginx keeps a count of connections in 16 bits, and a rate in thousandths.
_MOST_CONNECTIONS = 65_535
_MOST_REQUESTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates, how many may come at once, and how many are open at a time, as nginx writes them.

    `rest` are requests to REST, `large_bodies` those of them with 100 kB and more, `opens` begin a session on a socket, `polls` carry one on.
    `requests` are under way at a time, bodies that are still being sent included; `sockets` are
    websockets and polls that wait.
    """

    rest_per_s: int
    rest_burst: int
    large_bodies_per_s: int
    large_bodies_burst: int
    opens_per_s: int
    opens_burst: int
    polls_per_s: int
    polls_burst: int
    requests: int
    sockets: int


def limits(scale: float) -> Limits:
    """The limits of an office, a school or a mobile network behind one address, times `scale`.

    They are those of a single `rest` or gateway (rest/limits.py, realtime/limits.py), and keep the
    flood away from it; for sockets twice those, as there are several gateways.
    """

    def rate(number: int) -> int:
        return max(1, min(_MOST_REQUESTS, round(number * scale)))

    def open_at_a_time(number: int) -> int:
        return max(1, min(_MOST_CONNECTIONS, round(number * scale)))

    return Limits(
        rest_per_s=rate(100),
        rest_burst=rate(500),
        large_bodies_per_s=rate(5),
        large_bodies_burst=rate(20),
        opens_per_s=rate(50),
        opens_burst=rate(500),
        polls_per_s=rate(500),
        polls_burst=rate(2_000),
        requests=open_at_a_time(100),
        sockets=open_at_a_time(2_000),
    )
