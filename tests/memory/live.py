"""Records announcements."""

from marketplace.ports import Announcement, Signal


class Live:
    """Records what the product announces, in `announcements` and `signals`."""

    def __init__(self) -> None:
        self.announcements: list[Announcement] = []
        self.signals: list[Signal] = []

    def announce(self, announcement: Announcement) -> None:
        """Record it."""
        self.announcements.append(announcement)

    def signal(self, signal: Signal) -> None:
        """Record it."""
        self.signals.append(signal)

    def named(self, name: str) -> list[Announcement]:
        """Those with this name, in order."""
        return [announcement for announcement in self.announcements if announcement.name == name]
