"""RFIs and their revisions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Revision, Rfi, RfiState, material_fields
from marketplace.errors import Code, ParleyError
from tests.memory.tables import Tables, insert, page


class Rfis:
    """RFIs with their revisions."""

    def __init__(self, tables: Tables) -> None:
        self._rfis = tables.rfis
        self._revisions = tables.revisions

    async def add(self, rfi: Rfi, revision: Revision) -> None:
        """Insert a draft with its revision 1."""
        insert(self._rfis, rfi.id, rfi)
        self._revisions[rfi.id, revision.revision] = revision

    async def get(self, rfi_id: str) -> Rfi | None:
        """By id."""
        return self._rfis.get(rfi_id)

    async def get_many(self, rfi_ids: Sequence[str]) -> dict[str, Rfi]:
        """By ids; unknown ids are left out."""
        return {rfi_id: self._rfis[rfi_id] for rfi_id in rfi_ids if rfi_id in self._rfis}

    async def save(self, rfi: Rfi, revision: Revision) -> None:
        """Replace the RFI if it is exactly one revision behind, and add the revision."""
        kept = self._rfis.get(rfi.id)
        if kept is None or kept.revision != revision.revision - 1:
            raise ParleyError(Code.STALE_REVISION, "The RFI has changed.")
        self._rfis[rfi.id] = replace(rfi, match_count=kept.match_count)
        self._revisions[rfi.id, revision.revision] = revision

    async def rewrite(self, rfi: Rfi, revisions: Sequence[Revision]) -> None:
        """Replace an RFI and some of its revisions without a new revision."""
        kept = self._rfis.get(rfi.id)
        if kept is None or kept.revision != rfi.revision:
            return
        self._rfis[rfi.id] = replace(rfi, match_count=kept.match_count)
        for revision in revisions:
            self._revisions[rfi.id, revision.revision] = revision

    async def count_matches(self, rfi_id: str, change: int) -> None:
        """Change `match_count`."""
        kept = self._rfis.get(rfi_id)
        if kept is not None:
            self._rfis[rfi_id] = replace(kept, match_count=kept.match_count + change)

    async def guard(self, rfi_id: str) -> None:
        """Nothing to do: transactions here run one at a time."""

    async def of_customer(self, customer_id: str, request: PageRequest) -> Page[Rfi]:
        """Newest first."""
        found = {k: v for k, v in self._rfis.items() if v.customer_id == customer_id}
        return page(found, request)

    async def open_of(self, customer_id: str) -> tuple[int, int]:
        """How many open RFIs a customer has, and how many vendors those ask for in total."""
        wanted = [
            rfi.max_vendors
            for rfi in self._rfis.values()
            if rfi.customer_id == customer_id and rfi.state is RfiState.OPEN
        ]
        return len(wanted), sum(wanted)

    async def submission(self, rfi_id: str) -> int:
        """The revision at which the RFI was submitted; 0 if it was never submitted."""
        found = (revision for (of, _), revision in self._revisions.items() if of == rfi_id)
        return next((revision.revision for revision in found if revision.cause == "submitted"), 0)

    async def material_revision(self, rfi_id: str, after_revision: int) -> int:
        """The newest revision after a number that changed what a price depends on; 0 if none."""
        found = [
            number
            for (of, number), kept in self._revisions.items()
            if of == rfi_id
            and number > after_revision
            and material_fields(change.path for change in kept.changes)
        ]
        return max(found, default=0)

    async def revisions(self, rfi_id: str, after_revision: int, limit: int = 500) -> list[Revision]:
        """Revisions after a number, in order, dense."""
        numbers = sorted(n for of, n in self._revisions if of == rfi_id and n > after_revision)
        return [self._revisions[rfi_id, number] for number in numbers[:limit]]

    async def revisions_before(
        self, rfi_id: str, at: datetime, revision: int, limit: int
    ) -> list[Revision]:
        """Before a position in the order of (time, revision), newest first."""
        found = [
            kept
            for (of, _), kept in self._revisions.items()
            if of == rfi_id and (kept.at, kept.revision) < (at, revision)
        ]
        return sorted(found, key=lambda kept: (kept.at, kept.revision), reverse=True)[:limit]

    async def changed(
        self, state: RfiState, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Rfi]:
        """In a state, by (last change, id), oldest first."""
        found = [
            rfi
            for rfi in self._rfis.values()
            if rfi.state is state and after < (rfi.updated_at, rfi.id) and rfi.updated_at <= until
        ]
        return sorted(found, key=lambda rfi: (rfi.updated_at, rfi.id))[:limit]
