"""Which vendors have lost access, in bulk; and who may write."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeVar

from marketplace.domain import vendors, visibility
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.visibility import View
from marketplace.ports import World

T = TypeVar("T")
# Bounds a query, its result and the keys that the server examines for it.
BATCH_SIZE = 200


@dataclass(frozen=True, slots=True)
class LostAccess:
    """The access that vendors have lost.

    `suspended` has the suspended vendors. `rfis` maps each pair whose vendor has lost the RFI to
    the reason; `limited` has the pairs whose vendor sees the RFI in the limited view.
    """

    suspended: frozenset[str]
    rfis: dict[tuple[str, str], str]
    limited: frozenset[tuple[str, str]]


async def lost_access(
    world: World, vendor_ids: Collection[str], pairs: Collection[tuple[str, str]]
) -> LostAccess:
    """The access that these vendors have lost to the RFIs in `pairs` of (rfi_id, vendor_id).

    Reasons: `suspended`, `match_declined`, `match_closed`.

    Raises:
        TemporaryError: the store is down.
    """
    suspended: set[str] = set()
    for vendor_batch in _batches(sorted(vendor_ids)):
        suspended |= await world.store.vendors.suspended(vendor_batch)
    lost: dict[tuple[str, str], str] = {}
    limited: set[tuple[str, str]] = set()
    for pair_batch in _batches(sorted(pairs)):
        matches = {
            (match.rfi_id, match.vendor_id): match
            for match in await world.store.matches.of_pairs(pair_batch)
        }
        for pair in pair_batch:
            match = world.current_match(matches[pair]) if pair in matches else None
            if pair[1] in suspended:
                lost[pair] = "suspended"
            elif (view := visibility.of_vendor(match)) is None:
                lost[pair] = f"match_{match.state}" if match else "match_closed"
            elif view is View.LIMITED:
                limited.add(pair)
    return LostAccess(frozenset(suspended), lost, frozenset(limited))


async def require_may_write(world: World, actor: Actor) -> None:
    """Refuse an actor that may read its conversations but not write to them: a suspended vendor.

    Raises:
        ParleyError: `forbidden`.
    """
    if actor.role is Role.VENDOR:
        vendors.require_not_suspended(await world.store.vendors.get(actor.account_id))


def _batches(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), BATCH_SIZE):
        yield items[start : start + BATCH_SIZE]
