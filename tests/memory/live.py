"""Keeps what was announced."""

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
