"""A vendor's team: roles and places."""

import pytest

from marketplace.domain.members import MAX_MEMBERS, MemberRole, free_slot
from marketplace.errors import Code, ParleyError
from tests.rows import a_member


@pytest.mark.parametrize(
    ("role", "least", "may"),
    [
        (MemberRole.OWNER, MemberRole.OWNER, True),
        (MemberRole.OWNER, MemberRole.AGENT, True),
        (MemberRole.AGENT, MemberRole.AGENT, True),
        (MemberRole.AGENT, MemberRole.OWNER, False),
    ],
)
def test_an_owner_may_do_everything_and_an_agent_what_agents_may(
    role: MemberRole, least: MemberRole, may: bool
) -> None:
    """There are two roles."""
    assert a_member(role=role).may(least) is may


def test_a_new_member_gets_the_first_free_place() -> None:
    """Until all are taken."""
    assert free_slot([]) == 1
    assert free_slot([1, 2, 4]) == 3
    with pytest.raises(ParleyError) as refused:
        free_slot(range(1, MAX_MEMBERS + 1))
    assert refused.value.code is Code.AT_CAPACITY
