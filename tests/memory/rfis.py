"""RFIs and their revisions."""

from collections.abc import Sequence
from dataclasses import replace

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Revision, Rfi, RfiState
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
        """By ids; what is not there is left out."""
        return {each: self._rfis[each] for each in rfi_ids if each in self._rfis}

    async def save(self, rfi: Rfi, revision: Revision) -> None:
        """Replace the RFI if it stands one revision before, and add the revision."""
        kept = self._rfis.get(rfi.id)
        if kept is None or kept.revision != revision.revision - 1:
            raise ParleyError(Code.STALE_REVISION, "The RFI has changed meanwhile.")
        self._rfis[rfi.id] = replace(rfi, match_count=kept.match_count)
        self._revisions[rfi.id, revision.revision] = revision

    async def count_matches(self, rfi_id: str, change: int) -> None:
        """Change `match_count`."""
        kept = self._rfis.get(rfi_id)
        if kept is not None:
            self._rfis[rfi_id] = replace(kept, match_count=kept.match_count + change)

    async def guard(self, rfi_id: str) -> None:
        """Nothing to do: transactions here run one by one."""

    async def of_customer(self, customer_id: str, request: PageRequest) -> Page[Rfi]:
        """Newest first."""
        found = {k: v for k, v in self._rfis.items() if v.customer_id == customer_id}
        return page(found, request)

    async def open_of(self, customer_id: str) -> tuple[int, int]:
        """How many RFIs of a customer are open, and how many vendors they ask for together."""
        asked = [
            each.max_vendors
            for each in self._rfis.values()
            if each.customer_id == customer_id and each.state is RfiState.OPEN
        ]
        return len(asked), sum(asked)

    async def submission(self, rfi_id: str) -> int:
        """The revision at which the RFI was submitted; 0 for one that was not."""
        found = (each for (of, _), each in self._revisions.items() if of == rfi_id)
        return next((each.revision for each in found if each.cause == "submitted"), 0)

    async def revisions(self, rfi_id: str, after_revision: int, limit: int = 500) -> list[Revision]:
        """Revisions behind a number, in order, dense."""
        numbers = sorted(n for of, n in self._revisions if of == rfi_id and n > after_revision)
        return [self._revisions[rfi_id, each] for each in numbers[:limit]]
