"""The send gate: checks, right before sending, whether a notification may still go out."""

from dataclasses import dataclass

from marketplace.domain.accounts import Account
from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification
from marketplace.domain.suppressions import suppression_id
from marketplace.ports import World
from notify import reasons
from notify.rules import POLICIES, NotificationKind
from notify.unread import unread


@dataclass(frozen=True, slots=True)
class SendPermit:
    """Permission to send: the account, the address and, for an email about messages, the bodies."""

    account: Account
    address: str
    messages: tuple[str, ...] = ()


class Gate:
    """Checks the address, the presence and the read position."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def check(self, notification: Notification) -> SendPermit | str:
        """The permit, or the reason for which the notification is suppressed.

        Raises:
            TemporaryError: when MongoDB or Redis is unavailable; nothing is sent on a guess.
        """
        channel, kind = Channel(notification.channel), NotificationKind(notification.kind)
        account = await self._world.store.accounts.get(notification.account_id)
        if account is None:
            return reasons.ACCOUNT_GONE
        address = account.phone if channel is Channel.SMS else account.email
        if not address:
            return reasons.NO_ADDRESS
        refused = await self._world.store.suppressions.get(suppression_id(channel, address))
        if refused is not None:
            return refused.reason
        is_for_the_absent = POLICIES[kind].is_for_the_absent
        if is_for_the_absent and await self._world.presence.is_connected(account.id):
            return reasons.CONNECTED
        if kind is NotificationKind.MESSAGE_SENT:
            return await self._check_messages(notification, account, address)
        return SendPermit(account, address)

    async def _check_messages(
        self, notification: Notification, account: Account, address: str
    ) -> SendPermit | str:
        conversation_id = notification.data["conversation_id"]
        conversation = await self._world.store.conversations.get(conversation_id)
        if conversation is not None and not conversation.is_open:
            return reasons.BLOCKED
        messages = await unread(self._world.store, account.id, notification.data)
        if messages.is_read:
            return reasons.READ
        if not messages.bodies:
            return reasons.MESSAGE_DELETED
        return SendPermit(account, address, messages.bodies)
