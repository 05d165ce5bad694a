"""A fresh in-memory marketplace for each test."""

import pytest

from tests.marketplace.actions.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """An empty marketplace in memory."""
    return Stage()
