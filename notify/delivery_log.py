"""The delivery log: a notification's state and the event about it, in one write."""

from dataclasses import replace
from typing import Any

from marketplace.actions.events import event as new_event
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.addresses import Suppression
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.events import Event
from marketplace.ports import Repositories, Store
from marketplace.schemas.notifications import NotificationView

_VIEW = NotificationView()
_ACTOR_ID = "notify"
_EVENTS = {
    NotificationState.SENT: "notification.sent",
    NotificationState.FAILED: "notification.failed",
    NotificationState.SUPPRESSED: "notification.suppressed",
}


def view(notification: Notification) -> dict[str, Any]:
    """A notification as apps and consumers see it."""
    shown: dict[str, Any] = _VIEW.write(notification)
    return shown


def log_event(name: str, notification: Notification) -> Event:
    """An event about a notification; its cause is the event that the notification is about."""
    actor = Actor(
        _ACTOR_ID,
        Role.SYSTEM,
        correlation_id=notification.correlation_id,
        causation_id=notification.event_id,
    )
    data = {"notification": view(notification)}
    made = new_event(name, notification.account_id, notification.updated_at, actor, data)
    # A batch has no current span: each notification has its own.
    return made if made.traceparent else replace(made, traceparent=notification.traceparent)


async def settle(
    store: Store, notification: Notification, refused: Suppression | None = None
) -> bool:
    """Save the state of a claimed notification; a final state is written together with its event.

    An address that the provider refused is stored in the same write.  Returns False if the claim
    has expired in the meantime; another worker's outcome is then kept.

    Raises:
        TemporaryError: when the store is unavailable.
    """
    name = _EVENTS.get(notification.state)
    if name is None:
        return await store.notifications.settle(notification)
    event = log_event(name, notification)

    async def work(tx: Repositories) -> bool:
        if not await tx.notifications.settle(notification):
            return False
        if refused is not None:
            await tx.addresses.suppress(refused)
        await tx.outbox.add(event)
        return True

    return await store.transact(work)
