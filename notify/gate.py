"""The send gate: checks, right before sending, whether a notification may still go out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from marketplace.domain.accounts import Account, Role
from marketplace.domain.addresses import AddressKind
from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import AccountKind, Notification
from marketplace.ports import World
from notify import reasons
from notify.account_gate import AccountGate
from notify.rules import POLICIES, NotificationKind
from notify.unread import unread

_ABOUT_ACCOUNTS = frozenset(NotificationKind(kind.value) for kind in AccountKind)


@dataclass(frozen=True, slots=True)
class SendPermit:
    """Permission to send: the recipient's name, the address, and what only the text gets.

    `messages` are the bodies of an email about messages, `secret` a code or the token of a link.
    """

    name: str
    address: str
    messages: tuple[str, ...] = ()
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)


class Gate:
    """Checks the address, the presence and the read position."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._accounts = AccountGate(world)

    async def check(self, notification: Notification) -> SendPermit | str:
        """The permit, or the reason for which the notification is suppressed.

        Raises:
            TemporaryError: when MongoDB or Redis is unavailable; nothing is sent on a guess.
        """
        kind = NotificationKind(notification.kind)
        account = await self._world.store.accounts.get(notification.account_id)
        recipient = await self._recipient(notification, account)
        if isinstance(recipient, str):
            return recipient
        is_for_the_absent = POLICIES[kind].is_for_the_absent
        if is_for_the_absent and await self._world.presence.is_connected(notification.account_id):
            return reasons.CONNECTED
        if kind is NotificationKind.MESSAGE_SENT:
            return await self._check_messages(notification, recipient)
        return recipient

    async def _recipient(
        self, notification: Notification, account: Account | None
    ) -> SendPermit | str:
        """The name and an address that may be written to, or the reason why there is none."""
        channel, holder_id = Channel(notification.channel), notification.account_id
        secret: Mapping[str, str] = {}
        if NotificationKind(notification.kind) in _ABOUT_ACCOUNTS:
            found = await self._accounts.address_and_secret(notification, account)
            if isinstance(found, str):
                return found
            address, secret = found
        elif account is None:
            return reasons.ACCOUNT_GONE
        else:
            account = await self._reader(notification, account)
            address = (account.phone if channel is Channel.SMS else account.email) or ""
            holder_id = account.id
        if not address:
            return reasons.NO_ADDRESS
        kind = AddressKind.PHONE if channel is Channel.SMS else AddressKind.EMAIL
        known = await self._world.store.addresses.get(holder_id, kind, address)
        if known.suppressed is not None:
            return known.suppressed.reason
        name = account.name if account is not None else str(notification.data["name"])
        return SendPermit(name, address, secret=secret)

    async def _reader(self, notification: Notification, account: Account) -> Account:
        """Who gets it: of a vendor's conversation, the member to whom it is assigned."""
        conversation_id = notification.data.get("conversation_id")
        if account.role is not Role.VENDOR or conversation_id is None:
            return account
        assignment = await self._world.store.assignments.get(conversation_id)
        if assignment is None or assignment.vendor_id != account.id:
            return account
        return await self._world.store.accounts.get(assignment.account_id) or account

    async def _check_messages(
        self, notification: Notification, recipient: SendPermit
    ) -> SendPermit | str:
        conversation_id = notification.data["conversation_id"]
        conversation = await self._world.store.conversations.get(conversation_id)
        if conversation is not None and not conversation.is_open:
            return reasons.BLOCKED
        messages = await unread(self._world.store, notification.account_id, notification.data)
        if messages.is_read:
            return reasons.READ
        if not messages.bodies:
            return reasons.MESSAGE_DELETED
        return replace(recipient, messages=messages.bodies)
