"""The port for RFIs with their revisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Revision, Rfi, RfiState


class Rfis(Protocol):
    """RFIs with their revisions."""

    async def add(self, rfi: Rfi, revision: Revision) -> None:
        """Insert a draft with its revision 1."""

    async def get(self, rfi_id: str) -> Rfi | None:
        """The RFI with this id."""

    async def get_many(self, rfi_ids: Sequence[str]) -> dict[str, Rfi]:
        """The RFIs with these ids, by id; missing ones are omitted."""

    async def save(self, rfi: Rfi, revision: Revision) -> None:
        """Replace the RFI if it is at `revision.revision − 1`, and add the revision.

        `match_count` is not changed. Raises ParleyError `stale_revision` if the RFI is at another
        revision.
        """

    async def rewrite(self, rfi: Rfi, revisions: Sequence[Revision]) -> None:
        """Replace an RFI and some of its revisions without a new revision, for an erasure.

        Does nothing if the RFI is at another revision. `match_count` is not changed.
        """

    async def count_matches(self, rfi_id: str, change: int) -> None:
        """Add to `match_count`; if a revision is saved concurrently, one of the two is retried."""

    async def guard(self, rfi_id: str) -> None:
        """Make this transaction conflict with any concurrent change of the RFI."""

    async def of_customer(self, customer_id: str, request: PageRequest) -> Page[Rfi]:
        """A customer's RFIs, newest first."""

    async def open_of(self, customer_id: str) -> tuple[int, int]:
        """A customer's number of open RFIs, and the number of vendors these ask for in total."""

    async def submission(self, rfi_id: str) -> int:
        """The revision at which the RFI was submitted; 0 if it was not."""

    async def material_revision(self, rfi_id: str, after_revision: int) -> int:
        """The newest revision after a number that can change a vendor's price; 0 if there is none."""

    async def revisions(self, rfi_id: str, after_revision: int, limit: int = 500) -> list[Revision]:
        """An RFI's revisions after a number, in order, without gaps."""

    async def revisions_before(
        self, rfi_id: str, at: datetime, revision: int, limit: int
    ) -> list[Revision]:
        """An RFI's revisions before a position in the order of (time, revision), newest first."""

    async def changed(
        self, state: RfiState, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Rfi]:
        """RFIs in a state by (last change, id), oldest first: those after `after`, up to `until`.

        `after` is not included, `until` is.
        """
