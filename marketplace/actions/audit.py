"""Reads the audit trail."""

from marketplace.domain.accounts import Actor, Role
from marketplace.domain.audit import AuditRecord
from marketplace.domain.pages import Page, PageRequest
from marketplace.ports import World


async def find(
    world: World, actor: Actor, subject_id: str | None, by: str | None, request: PageRequest
) -> Page[AuditRecord]:
    """Records about a subject, or any, of what an account did, or any; newest first.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin.
    """
    actor.require(Role.ADMIN)
    return await world.store.audit.of(subject_id, by, request)
