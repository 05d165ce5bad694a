"""Actors and the roles they act in."""

import pytest

from marketplace.domain.accounts import Role
from marketplace.errors import Code, ParleyError
from tests.builders import an_actor


def test_a_permitted_role_passes_and_another_is_forbidden() -> None:
    """The refusal names the roles that may act."""
    vendor = an_actor(Role.VENDOR)

    vendor.require(Role.VENDOR)
    vendor.require(Role.ADMIN, Role.VENDOR)
    with pytest.raises(ParleyError, match="customer or admin") as refused:
        vendor.require(Role.CUSTOMER, Role.ADMIN)

    assert refused.value.code is Code.FORBIDDEN
