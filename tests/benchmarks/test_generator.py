"""When something goes wrong, the load generator reports it instead of a figure."""

import subprocess

import pytest

from benchmarks import tools
from benchmarks.measures.runs import NAMES, check_complete
from benchmarks.site import PARLEY, PEER, Site
from embedded.errors import StackError


@pytest.mark.parametrize("name", [PARLEY, PEER])
def test_a_refused_token_ends_the_run(bench_site: Site, name: str) -> None:
    """The gateway's refusal is reported, and there is no figure."""
    url = bench_site.only(*NAMES)[name]
    talks = bench_site.paths.data / "forged.json"
    talks.write_text('[{"conversation_id": "c", "tokens": ["forged", "forged"]}]')

    with pytest.raises(StackError, match="unauthenticated"):
        bench_site.generator.run("connect", url, connections=2, talks=talks)


def test_a_run_with_a_missing_push_is_invalid() -> None:
    """A figure counts only if everything sent was acknowledged and delivered."""
    clean = {"refused": 0, "pushes": 20, "pushes_expected": 20, "in_time": True}
    check_complete(clean, "in_time")

    for fault in ({"refused": 1}, {"pushes": 19}, {"pushes": 21}, {"in_time": False}):
        with pytest.raises(StackError, match="not clean"):
            check_complete({**clean, **fault}, "in_time")


def test_the_view_checker_finds_planted_faults() -> None:
    """The generator's own tests find lost, duplicated and reordered messages, and gaps."""
    tested = subprocess.run(  # noqa: S603 (our own tests)
        [tools.go(), "test", "."], cwd=tools.GENERATOR, capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout
