"""The measures at the smallest scale, a second each: each produces plausible figures.

No speed is asserted, because other tests share the machine. A measure raises if anything was
refused, or if not every push arrived.
"""

import pytest

from benchmarks import results
from benchmarks.measures import MEASURES
from benchmarks.results import Found
from benchmarks.scale import QUICK
from benchmarks.site import Site


def _number(figure: str) -> float:
    return float(figure.split(maxsplit=1)[0].replace(",", ""))


def _check_details(found: Found, count: int) -> None:
    assert len(found.details) == count
    for detail in found.details:
        assert 0 < detail.p50_ms <= detail.p99_ms, detail
        assert all(share >= 0 for share in detail.cores.values()), detail
        assert detail.cores["gateway"] > 0


def test_acknowledged_messages_are_measured_and_stay_in_order(bench_site: Site) -> None:
    """Both gateways get a rate and latencies, and Parley keeps each sender's order."""
    found = MEASURES["throughput"](bench_site, QUICK)

    four, p99, order, one = found.rows
    assert min(_number(row.parley) for row in (four, p99, one)) > 0
    assert min(_number(row.peer) for row in (four, p99, one)) > 0
    assert order.is_reached, order
    _check_details(found, 4)


@pytest.mark.parametrize("name", ["fan-out", "connections"])
def test_a_comparison_has_both_rates_and_latencies(bench_site: Site, name: str) -> None:
    """Room deliveries and new connections are compared by rate and by latency."""
    found = MEASURES[name](bench_site, QUICK)

    (row,) = found.rows
    assert _number(row.parley) > 0
    assert _number(row.peer) > 0
    assert _number(row.ratio) > 0
    _check_details(found, 2)


@pytest.mark.long
def test_idle_connections_use_less_than_100_kb_each(bench_site: Site) -> None:
    """An idle connection takes memory on both gateways, and less than 100 KB each."""
    (row,) = MEASURES["memory"](bench_site, QUICK).rows

    for figure in (row.parley, row.peer):
        assert 0 < _number(figure) < 100, row


def test_latency_is_measured_within_one_gateway_and_between_two(bench_site: Site) -> None:
    """Through nginx, some conversations have both sides on one gateway, others on two."""
    found = MEASURES["across"](bench_site, QUICK)

    assert [detail.run for detail in found.details] == [
        "send to push, one gateway",
        "send to push, two gateways",
    ]
    assert all(0 < detail.p50_ms <= detail.p99_ms for detail in found.details)


def test_a_gateway_without_members_in_busy_rooms_receives_nothing(bench_site: Site) -> None:
    """A gateway without members in busy rooms does not get a single Redis message."""
    (row,) = MEASURES["uninvolved"](bench_site, QUICK).rows

    assert row.is_reached, row


def test_a_list_of_conversations_is_whole_and_has_a_time(bench_site: Site) -> None:
    """Every answer has all conversations, and the unread messages of ten."""
    (row,) = MEASURES["inbox"](bench_site, QUICK).rows

    assert 0 < _number(row.parley) < 1_000


@pytest.mark.long
def test_clients_of_a_killed_gateway_resume_without_a_fault(bench_site: Site) -> None:
    """All clients resume on the other gateway, and no acknowledged message is lost or reordered."""
    resumed, faultless, memory = MEASURES["herd"](bench_site, QUICK).rows

    assert resumed.is_reached, resumed
    assert faultless.is_reached, faultless
    assert _number(memory.parley) > 0
    assert results.table([resumed, faultless, memory]).count("\n") == 4


@pytest.mark.long
def test_notify_is_measured_under_load_and_on_a_backlog(bench_site: Site) -> None:
    """notify handles every event, beside a load and from a backlog, and both matches are sent."""
    beside, notified, on_backlog, shrinks = MEASURES["notify"](bench_site, QUICK).rows

    assert _number(beside.parley) >= 0
    assert _number(notified.parley) > 0
    assert _number(on_backlog.parley) > 0
    assert _number(shrinks.parley) > 0
