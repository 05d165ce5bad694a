"""The caller's notifications: the channel, the outcome and its reason."""

from marketplace.schemas.notifications import NotificationView
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Notifications")


@ROUTES.get("/v1/me/notifications", query=PageQuery(), answer=page_schema(NotificationView))
async def list_notifications(context: RequestContext) -> Answer:
    """List the caller's notifications, newest first, with their state and its reason."""
    page = page_request(context.query)
    return Answer(
        await context.world.store.notifications.of_account(context.actor.account_id, page)
    )
