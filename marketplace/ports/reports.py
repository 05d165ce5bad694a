"""The port for reports of messages."""

from typing import Protocol

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.reports import Report, ReportState


class Reports(Protocol):
    """Reports, unique by (message_id, reporter_id)."""

    async def add(self, report: Report) -> None:
        """Insert."""

    async def get(self, report_id: str) -> Report | None:
        """The report with this id."""

    async def of_reporter(self, message_id: str, reporter_id: str) -> Report | None:
        """A person's report of a message."""

    async def by_reporter(self, reporter_id: str, request: PageRequest) -> Page[Report]:
        """The reports that an account made, newest first."""

    async def save(self, report: Report, expected: ReportState) -> None:
        """Replace if it is in the expected state; otherwise raises ParleyError `wrong_state`."""

    async def of_state(self, state: ReportState | None, request: PageRequest) -> Page[Report]:
        """Reports in a state, or in any, newest first."""
