"""Ids."""

from marketplace.domain.ids import new_id


def test_ids_are_opaque_new_and_in_the_order_of_their_making() -> None:
    """Lists are sorted and continued by id, so a later id is a greater one."""
    made = [new_id() for _ in range(5_000)]

    assert made == sorted(made)
    assert len(set(made)) == 5_000
    assert all(len(each) == 32 and each.isalnum() for each in made)
