"""Servers, both gateways and seeded conversations, at the smallest scale."""

from collections.abc import Iterator

import pytest

from benchmarks.scale import QUICK
from benchmarks.site import Site, opened


@pytest.fixture(scope="session")
def bench_site() -> Iterator[Site]:
    """A site like that of `make bench`."""
    with opened(QUICK.seeded, lambda _: None) as site:
        yield site
