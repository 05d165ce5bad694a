"""What was told to whom, by which channel, and what became of it."""

from marketplace.schemas.notifications import NotificationView
from rest.calls import Answer, Call
from rest.operations import Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Notifications")


@ROUTES.get("/v1/me/notifications", query=PageQuery(), answer=page_schema(NotificationView))
async def list_notifications(call: Call) -> Answer:
    """List one's notifications, newest first: sent, deferred or suppressed, and why."""
    page = page_request(call.query)
    return Answer(await call.world.store.notifications.of_account(call.actor.account_id, page))
