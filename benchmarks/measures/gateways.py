"""Two gateways: the latency between them, and what an uninvolved one receives from Redis."""

from statistics import median

from benchmarks import results
from benchmarks.load import Figures
from benchmarks.measures.runs import timing, values
from benchmarks.results import Found, Row, number
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, SECOND_GATEWAY, Site
from benchmarks.usage import metric
from embedded.errors import StackError

_RATE = 200
_TIMES = 2.0
# Conversations that no load uses: an account that sent a message counts as active for a minute.
_QUIET_FROM = 100
_RECEIVED = "parley_live_messages_received_total"


def measure_across(site: Site, scale: Scale) -> Found:
    """Send to push through nginx: both sides on one gateway, against one side on each."""
    entry = site.only(PARLEY, SECOND_GATEWAY, "nginx")["nginx"]
    runs = [_across(site, scale, entry) for _ in range(scale.rounds)]
    within = median(values(runs, "within_ms", "p50"))
    between = median(values(runs, "between_ms", "p50"))
    row = Row(
        f"send to push through nginx, {_RATE} messages/s: across two gateways",
        f"{number(between)} ms",
        "–",
        f"{number(between / within)} ×",
        f"≤ {number(_TIMES)} × within one",
        between / within <= _TIMES,
        f"p50; within one gateway {number(within)} ms",
    )
    details = [
        results.detail(f"send to push, {where}", "Parley", (run[name] for run in runs), [])
        for where, name in (("one gateway", "within_ms"), ("two gateways", "between_ms"))
    ]
    return Found([row], details)


def _across(site: Site, scale: Scale, entry: str) -> Figures:
    figures = site.generator.run("across", entry, rate=_RATE, **timing(scale))
    if not figures["all_delivered_in_time"]:
        raise StackError(f"A run was not clean: {figures}")
    return figures


def measure_uninvolved(site: Site, scale: Scale) -> Found:
    """One gateway at full load, another with members only in other rooms; then in one busy room.

    The second run shows that the counter works.
    """
    busy, other = site.only(PARLEY, SECOND_GATEWAY).values()
    elsewhere = {"connections": 2 * scale.conversations, "skip": _QUIET_FROM}
    received, _ = _received(site, scale, busy, other, elsewhere)
    received_in_one, sent = _received(site, scale, busy, other, {"connections": 2})
    row = Row(
        "Redis messages to a gateway without members in the busy rooms",
        f"{received:.0f}",
        "–",
        "–",
        "none",
        received == 0 < received_in_one,
        f"with members in one of the {scale.conversations} rooms {received_in_one:,.0f}, "
        f"while {sent:,} messages were sent",
    )
    return Found([row])


def _received(
    site: Site, scale: Scale, busy: str, other: str, idle: dict[str, int]
) -> tuple[float, int]:
    """The Redis messages that a gateway with idle members got while another one was busy."""
    # They join with a sequence, as resuming apps do: that is no activity, so the rooms stay silent.
    with site.generator.begun("idle", other, after=1, **idle) as load:
        load.ready()
        before = metric(other, _RECEIVED)
        figures = site.generator.run(
            "messages", busy, conversations=scale.conversations, **timing(scale)
        )
        received = metric(other, _RECEIVED) - before
        load.end()
    return received, figures["sent"]
