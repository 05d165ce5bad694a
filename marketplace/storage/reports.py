"""Reports of messages in MongoDB."""

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.reports import Report, ReportState
from marketplace.errors import Code, ParleyError
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoReports(Collection[Report]):
    """Reports, unique by (message_id, reporter_id)."""

    name = "reports"
    kind = Report

    async def add(self, report: Report) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(report), session=self.session)

    async def get(self, report_id: str) -> Report | None:
        """The report with this id."""
        return await self._get(report_id)

    async def of_reporter(self, message_id: str, reporter_id: str) -> Report | None:
        """A person's report of a message."""
        return await self._one(message_id=message_id, reporter_id=reporter_id)

    async def by_reporter(self, reporter_id: str, request: PageRequest) -> Page[Report]:
        """The reports that an account made, newest first."""
        return await self._page({"reporter_id": reporter_id}, request)

    async def save(self, report: Report, expected: ReportState) -> None:
        """Replace if it is in the expected state."""
        outcome = await self._collection.replace_one(
            {"_id": report.id, "state": expected}, to_document(report), session=self.session
        )
        if outcome.matched_count == 0:
            raise ParleyError(Code.WRONG_STATE, "The report has changed. Read it again.")

    async def of_state(self, state: ReportState | None, request: PageRequest) -> Page[Report]:
        """Reports in a state, or in any, newest first."""
        return await self._page({} if state is None else {"state": state}, request)
