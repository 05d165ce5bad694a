"""The send gate of codes, reset links and security notices, which are about an account.

Their addresses may differ from the account's: the new one, or the one that it had. A code or token
is derived here, right before it is sent; the notification does not hold it.
"""

from collections.abc import Mapping

from marketplace.domain.accounts import Account
from marketplace.domain.codes import Code, CodePurpose
from marketplace.domain.notifications import AccountKind, Notification
from marketplace.ports import World
from notify import reasons


class AccountGate:
    """Finds the address, and what a link or a code adds to the text."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def address_and_secret(
        self, notification: Notification, account: Account | None
    ) -> tuple[str, Mapping[str, str]] | str:
        """The address and the values that only the text gets, or the reason for suppression.

        Raises:
            TemporaryError: when the store is unavailable.
        """
        code = await self._code(notification)
        if notification.kind == AccountKind.SECURITY:
            # Without its link, which was used or has expired, the notice is still true.
            return notification.data["to"], {} if code is None else self._secret(code)
        if account is None:
            return reasons.ACCOUNT_GONE
        if code is None:
            return reasons.CODE_REPLACED
        return code.address, self._secret(code)

    async def _code(self, notification: Notification) -> Code | None:
        """The live code that the notification is about."""
        if "code" not in notification.data:
            return None
        code = await self._world.store.codes.get(notification.data["code"])
        is_same = code is not None and code.nonce == notification.data["nonce"]
        return (
            code if code is not None and is_same and code.is_live(self._world.clock.now()) else None
        )

    def _secret(self, code: Code) -> Mapping[str, str]:
        secrets = self._world.secrets
        if code.purpose in {CodePurpose.PASSWORD_RESET, CodePurpose.EMAIL_UNDO}:
            return {"token": secrets.token(code)}
        return {"code": secrets.digits(code)}
