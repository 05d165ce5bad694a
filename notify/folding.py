"""Several messages of one conversation go into one email."""

from dataclasses import replace

from marketplace.domain.notifications import Notification, NotificationState
from marketplace.domain.pages import PageRequest
from marketplace.ports import Repositories
from notify import reasons
from notify.rules import Kind

# How far back the waiting email is looked for.  Behind so many newer ones it is not found, and the
# message gets an email of its own.
LOOK_BACK = 100


async def fold(tx: Repositories, notification: Notification) -> Notification:
    """A message's notification as it is to be added: pending, or suppressed as folded.

    When an email about the same conversation waits for the same person, it takes this message in:
    its `sequence` moves up to this one's.  That write conflicts with a worker's claim, so either the
    email is claimed with this message in it, or this transaction runs again and finds none waiting.
    """
    if notification.kind != Kind.MESSAGE_SENT:
        return notification
    page = await tx.notifications.of_account(notification.account_id, PageRequest(LOOK_BACK))
    for waiting in page.items:
        if _takes_in(waiting, notification):
            data = waiting.data | {"sequence": notification.data["sequence"]}
            updated_at = notification.created_at
            await tx.notifications.save(replace(waiting, data=data, updated_at=updated_at))
            return replace(notification, state=NotificationState.SUPPRESSED, reason=reasons.FOLDED)
    return notification


def _takes_in(waiting: Notification, notification: Notification) -> bool:
    return (
        waiting.state is NotificationState.PENDING
        and waiting.kind == notification.kind
        and waiting.channel == notification.channel
        and waiting.data["conversation_id"] == notification.data["conversation_id"]
    )
