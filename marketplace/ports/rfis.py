"""RFIs with their revisions."""

from collections.abc import Sequence
from typing import Protocol

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Revision, Rfi


class Rfis(Protocol):
    """RFIs with their revisions."""

    async def add(self, rfi: Rfi, revision: Revision) -> None:
        """Insert a draft with its revision 1."""

    async def get(self, rfi_id: str) -> Rfi | None:
        """By id."""

    async def get_many(self, rfi_ids: Sequence[str]) -> dict[str, Rfi]:
        """By ids; what is not there is left out."""

    async def save(self, rfi: Rfi, revision: Revision) -> None:
        """Replace the RFI if it stands at `revision.revision − 1`, and add the revision.

        `match_count` is left as it is.  Raises ParleyError `stale_revision` otherwise.
        """

    async def count_matches(self, rfi_id: str, change: int) -> None:
        """Change `match_count`; a revision at the same time makes one of the two try again."""

    async def guard(self, rfi_id: str) -> None:
        """Make this transaction conflict with any other that changes the RFI at the same time."""

    async def of_customer(self, customer_id: str, request: PageRequest) -> Page[Rfi]:
        """Newest first."""

    async def open_of(self, customer_id: str) -> tuple[int, int]:
        """How many RFIs of a customer are open, and how many vendors they ask for together."""

    async def submission(self, rfi_id: str) -> int:
        """The revision at which the RFI was submitted; 0 for one that was not."""

    async def revisions(self, rfi_id: str, after_revision: int, limit: int = 500) -> list[Revision]:
        """Revisions behind a number, in order, dense."""
