"""Ids."""

from marketplace.ids import new_id


def test_ids_are_opaque_unique_and_in_order_of_creation() -> None:
    """Lists sort and page by id, so a later id is always greater."""
    ids = [new_id() for _ in range(5_000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 5_000
    assert all(len(made_id) == 32 and made_id.isalnum() for made_id in ids)
