"""The categories of RFIs."""

from marketplace.domain.categories import CATEGORIES
from tests.rest.people import Rest


async def test_all_categories_are_on_one_page(rest: Rest) -> None:
    """Everybody can read the fixed list of categories."""
    body = (await rest.client.get("/v1/categories")).json()

    assert {category["id"]: category["name"] for category in body["items"]} == dict(CATEGORIES)
    assert body["next_cursor"] is None
