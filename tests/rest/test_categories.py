"""What can be asked for."""

from marketplace.domain.categories import CATEGORIES
from tests.rest.people import Rest


async def test_all_categories_in_one_page(rest: Rest) -> None:
    """Everybody can read the closed list."""
    body = (await rest.client.get("/v1/categories")).json()

    assert {each["id"]: each["name"] for each in body["items"]} == dict(CATEGORIES)
    assert body["next_cursor"] is None
