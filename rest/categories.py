"""The categories of RFIs and vendors."""

from marshmallow import fields

from marketplace.domain.categories import CATEGORIES
from marketplace.domain.pages import Page
from marketplace.schemas.strict import Strict
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.responses import page_schema

ROUTES = Routes("Categories")


class CategoryView(Strict):
    """A category of RFIs and vendors: its id and its display name."""

    id = fields.String(required=True, metadata={"example": "plumbing"})
    name = fields.String(required=True, metadata={"example": "Plumbing"})


@ROUTES.get("/v1/categories", is_public=True, answer=page_schema(CategoryView))
async def list_categories(_: RequestContext) -> Answer:
    """List all categories, on one page."""
    items = tuple({"id": key, "name": name} for key, name in CATEGORIES.items())
    return Answer(Page(items, None))
