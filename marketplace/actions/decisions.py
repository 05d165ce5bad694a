"""Reads decisions."""

from marketplace.domain.accounts import Actor, Role
from marketplace.domain.decisions import Decision, DecisionKind
from marketplace.domain.pages import Page, PageRequest
from marketplace.ports import World


async def find(
    world: World,
    actor: Actor,
    subject_id: str | None,
    kind: DecisionKind | None,
    request: PageRequest,
) -> Page[Decision]:
    """Decisions about a subject, or about any, and of a kind, or of any; newest first.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin.
    """
    actor.require(Role.ADMIN)
    subject_ids = None if subject_id is None else [subject_id]
    return await world.store.decisions.of(subject_ids, kind, request)
