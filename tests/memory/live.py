"""Keeps what was announced, and who is connected."""

from marketplace.ports import Announcement


class Live:
    """Hands announcements to whoever looks at `announcements`."""

    def __init__(self) -> None:
        self.announcements: list[Announcement] = []

    def announce(self, announcement: Announcement) -> None:
        """Keep it."""
        self.announcements.append(announcement)

    def named(self, name: str) -> list[Announcement]:
        """Those of one name, in order."""
        return [each for each in self.announcements if each.name == name]


class Presence:
    """Who is connected to one process; several may share what they say."""

    def __init__(self, shared: set[tuple[int, str]] | None = None) -> None:
        self._said = set() if shared is None else shared

    async def connected(self, account_id: str) -> None:
        """Say that an app of this account is connected here."""
        self._said.add((id(self), account_id))

    async def disconnected(self, account_id: str) -> None:
        """Say that this process has no app of the account any more."""
        self._said.discard((id(self), account_id))

    async def is_connected(self, account_id: str) -> bool:
        """Whether any process has one."""
        return any(who == account_id for _, who in self._said)
