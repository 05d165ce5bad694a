"""Reports of messages."""

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.reports import Report, ReportState
from marketplace.errors import Code, ParleyError
from tests.memory.tables import DuplicateError, Tables, insert, page


class Reports:
    """Reports, unique by (message_id, reporter_id)."""

    def __init__(self, tables: Tables) -> None:
        self._reports = tables.reports

    async def add(self, report: Report) -> None:
        """Insert."""
        if await self.of_reporter(report.message_id, report.reporter_id) is not None:
            raise DuplicateError(f"{report.message_id} {report.reporter_id}")
        insert(self._reports, report.id, report)

    async def get(self, report_id: str) -> Report | None:
        """By id."""
        return self._reports.get(report_id)

    async def of_reporter(self, message_id: str, reporter_id: str) -> Report | None:
        """A person's report of a message."""
        found = (report for report in self._reports.values() if report.message_id == message_id)
        return next((report for report in found if report.reporter_id == reporter_id), None)

    async def by_reporter(self, reporter_id: str, request: PageRequest) -> Page[Report]:
        """Newest first."""
        found = {k: v for k, v in self._reports.items() if v.reporter_id == reporter_id}
        return page(found, request)

    async def save(self, report: Report, expected: ReportState) -> None:
        """Replace if it is in the expected state."""
        kept = self._reports.get(report.id)
        if kept is None or kept.state is not expected:
            raise ParleyError(Code.WRONG_STATE, "The report has changed.")
        self._reports[report.id] = report

    async def of_state(self, state: ReportState | None, request: PageRequest) -> Page[Report]:
        """Newest first."""
        found = {k: v for k, v in self._reports.items() if state is None or v.state is state}
        return page(found, request)
