"""Reads the codes and links that the marketplace sends, as `notify` writes them."""

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import AccountKind, Notification
from notify.gate import Gate, SendPermit
from tests.marketplace.actions.stage import Stage


def notifications(stage: Stage, account_id: str | None = None) -> list[Notification]:
    """All notifications, or those of an account, oldest first."""
    kept = sorted(stage.store.tables.notifications.values(), key=lambda kept: kept.id)
    return [kept for kept in kept if account_id in {None, kept.account_id}]


def changes(stage: Stage, account_id: str) -> list[str]:
    """What the security notices to an account are about, oldest first."""
    return [
        kept.data["change"]
        for kept in notifications(stage, account_id)
        if kept.kind == AccountKind.SECURITY
    ]


async def permit(stage: Stage, notification: Notification) -> SendPermit:
    """What goes out for the notification."""
    found = await Gate(stage.world).check(notification)
    assert isinstance(found, SendPermit), found
    return found


async def last_code(stage: Stage, channel: Channel = Channel.EMAIL) -> tuple[str, str]:
    """The address that the newest code went to, and the code."""
    sent = [
        kept
        for kept in notifications(stage)
        if (kept.kind, kept.channel) == (AccountKind.VERIFICATION_CODE, channel)
    ]
    found = await permit(stage, sent[-1])
    return found.address, found.secret["code"]


async def last_token(stage: Stage, kind: AccountKind) -> str:
    """The token in the newest link of a kind."""
    sent = [kept for kept in notifications(stage) if kept.kind == kind and "code" in kept.data]
    return (await permit(stage, sent[-1])).secret["token"]
