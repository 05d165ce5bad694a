"""Medians, ratios and targets."""

from benchmarks import results


def test_a_row_is_the_ratio_of_the_medians() -> None:
    """One bad run of one gateway does not decide the ratio."""
    row = results.at_least("messages/s", "", [900, 100, 800], [100, 90, 400], times=8)

    assert (row.parley, row.peer, row.ratio, row.is_reached) == ("800", "100", "8.00 ×", True)


def test_a_missed_target_is_marked() -> None:
    """The table says `**no**`, for a figure too low as for one too high."""
    little = results.at_least("messages/s", "", [700], [100], times=8)
    much = results.at_most("memory", "KB", [7], [10], times=0.6)

    assert [little.is_reached, much.is_reached] == [False, False]
    assert results.table([little, much]).count("**no**") == 2


def test_each_run_is_listed_next_to_the_median() -> None:
    """A reader of the table sees how far apart the runs were."""
    row = results.at_most("memory", "KB", [5, 6, 7], [18, 20, 19], times=0.6)

    assert row.remark == "runs 5.00, 6.00, 7.00 against 18.0, 20.0, 19.0"


def test_details_are_medians_of_quantiles_and_of_busy_cores() -> None:
    """Details show the median of each quantile and of each program's busy cores."""
    latencies = [{"p50": 1, "p99": 9}, {"p50": 3, "p99": 5}, {"p50": 2, "p99": 7}]

    detail = results.detail("run", "Parley", latencies, [{"gateway": 0.4}, {"gateway": 0.6}])

    assert (detail.p50_ms, detail.p99_ms, detail.cores) == (2, 7, {"gateway": 0.5})
    assert "| run | Parley | 2.00 ms | 7.00 ms | gateway 0.50 |" in results.detail_table([detail])


def test_a_peer_without_a_result_reaches_no_target() -> None:
    """There is no ratio, and the row says so."""
    assert not results.at_least("rate", "", [732.0], [0.0], 8).is_reached
    assert not results.at_most("rate", "", [732.0], [0.0], 8).is_reached
