"""Keeps what was announced."""

from marketplace.ports import Announcement, Signal


class Live:
    """Shows what was told to whoever looks at `announcements` and `signals`."""

    def __init__(self) -> None:
        self.announcements: list[Announcement] = []
        self.signals: list[Signal] = []

    def announce(self, announcement: Announcement) -> None:
        """Keep it."""
        self.announcements.append(announcement)

    def signal(self, signal: Signal) -> None:
        """Keep it."""
        self.signals.append(signal)

    def named(self, name: str) -> list[Announcement]:
        """Those of one name, in order."""
        return [each for each in self.announcements if each.name == name]
