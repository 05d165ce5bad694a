"""Notifications that an action writes itself: codes, reset links and security notices.

They are written in the action's transaction, so they go out if and only if the change happened, and
without waiting for Kafka.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from marketplace import tracing
from marketplace.actions import account_feed
from marketplace.actions.events import event
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.domain.codes import Code, CodePurpose
from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import (
    AccountKind,
    Notification,
    NotificationState,
    SecurityChange,
)
from marketplace.events import Event
from marketplace.ids import new_id
from marketplace.links import Link
from marketplace.ports import Repositories, World
from marketplace.schemas.notifications import NotificationView

# Notifications go out in the order in which they became due. A person waits for a code: it counts
# as due an hour ago, before everything about RFIs (`notify/rules.py`) and every backlog.
_URGENT = timedelta(hours=1)
_NOTIFICATION = NotificationView()


def code(made: Code) -> Notification:
    """The email or SMS with a code, or with the link of a password reset."""
    is_reset = made.purpose is CodePurpose.PASSWORD_RESET
    kind = AccountKind.PASSWORD_RESET if is_reset else AccountKind.VERIFICATION_CODE
    channel = Channel.SMS if made.purpose is CodePurpose.PHONE else Channel.EMAIL
    data = {
        "code": made.id,
        "nonce": made.nonce,
        "path": Link.PASSWORD_RESET.path() if is_reset else Link.START.path(),
    }
    return _notification(kind, channel, made.account_id, data, made.created_at)


def security(
    account: Account,
    change: SecurityChange,
    now: datetime,
    *,
    to: str | None = None,
    undo: Code | None = None,
) -> Notification:
    """An email to an account's owner about a change; `undo` gives it a link that undoes it."""
    data = {"change": change.value, "to": to or account.email, "name": account.name}
    if undo is None:
        data["path"] = Link.START.path()
    else:
        data |= {"code": undo.id, "nonce": undo.nonce, "path": Link.EMAIL_UNDO.path()}
    return _notification(AccountKind.SECURITY, Channel.EMAIL, account.id, data, now)


async def add(tx: Repositories, *notifications: Notification) -> list[FeedItem]:
    """Write notifications and their events within a transaction; returns what to announce."""
    await tx.notifications.add_many(notifications)
    await tx.outbox.add_many([_created(notification) for notification in notifications])
    return await tx.feed.append(account_feed.notification_items(notifications))


async def announce(world: World, items: Sequence[FeedItem]) -> None:
    """Announce written notifications to their accounts' apps."""
    traces = dict.fromkeys([item.id for item in items], tracing.traceparent())
    await account_feed.tell(world, items, traces)


def _notification(
    kind: AccountKind, channel: Channel, account_id: str, data: dict[str, str], now: datetime
) -> Notification:
    return Notification(
        id=new_id(),
        event_id=new_id(),
        account_id=account_id,
        kind=kind.value,
        channel=channel.value,
        data=dict(data),
        state=NotificationState.PENDING,
        attempts=0,
        due_at=now - _URGENT,
        created_at=now,
        updated_at=now,
        traceparent=tracing.traceparent(),
    )


def _created(notification: Notification) -> Event:
    """The event, whose id the notification has: nothing else caused it."""
    data = {"notification": _NOTIFICATION.write(notification)}
    actor = Actor("marketplace", Role.SYSTEM)
    name, at = "notification.created", notification.created_at
    return replace(event(name, notification.account_id, at, actor, data), id=notification.event_id)
