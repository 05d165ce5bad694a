"""Who is connected."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from marketplace.ports import Clock
from tests.builders import FixedClock

TTL = timedelta(seconds=25)


class PresenceStore:
    """Who is connected to one process; several processes can share their reports."""

    def __init__(
        self,
        process_name: str = "test-1",
        clock: Clock | None = None,
        connected: dict[tuple[str, str], datetime] | None = None,
        active: dict[tuple[str, str], datetime] | None = None,
    ) -> None:
        self._process_name = process_name
        self._clock = clock or FixedClock()
        self._connected = {} if connected is None else connected
        self._active = {} if active is None else active

    async def connected(self, *account_ids: str) -> None:
        """Report that apps of these accounts are connected here; valid for 25 s."""
        for account_id in account_ids:
            self._connected[self._process_name, account_id] = self._clock.now() + TTL

    async def disconnected(self, account_id: str) -> None:
        """Report that the account has no more apps connected here."""
        self._connected.pop((self._process_name, account_id), None)

    async def is_connected(self, account_id: str) -> bool:
        """Whether the account has an app connected to any process."""
        now = self._clock.now()
        return any(who == account_id and end >= now for (_, who), end in self._connected.items())

    async def connected_among(self, account_ids: Collection[str]) -> frozenset[str]:
        """The accounts with an app connected to any process."""
        return frozenset(
            [account_id for account_id in account_ids if await self.is_connected(account_id)]
        )

    async def active(self, *account_ids: str) -> None:
        """Report that these accounts are active here; valid for 25 s."""
        for account_id in account_ids:
            self._active[self._process_name, account_id] = self._clock.now() + TTL

    async def inactive(self, *account_ids: str) -> None:
        """Report that these accounts are not active here any more."""
        for account_id in account_ids:
            self._active.pop((self._process_name, account_id), None)

    async def active_at(self, account_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The processes at which each of these accounts is active."""
        now = self._clock.now()
        found: dict[str, set[str]] = {}
        for (process, who), end in self._active.items():
            if who in account_ids and end >= now:
                found.setdefault(who, set()).add(process)
        return {who: frozenset(processes) for who, processes in found.items()}
