"""Members of a vendor's team, who act as the vendor."""

from marketplace.domain.members import MemberRole
from marketplace.errors import Code, ParleyError
from marketplace.tokens import Access
from rest.operations import Operation
from rest.service import Service


async def acting_for(service: Service, operation: Operation, access: Access) -> str | None:
    """The vendor as which a member performs the operation; None for everybody else.

    The member is looked up for each request, so that a removed one loses access at once.

    Raises:
        ParleyError: `unauthenticated` if the member was removed; `forbidden` for an agent, if the
            operation is an owner's.
        TemporaryError: the store is unreachable.
    """
    if access.vendor_id is None or operation.team is None:
        return None
    member = await service.parts.store.members.get(access.account_id)
    if member is None or member.vendor_id != access.vendor_id:
        raise ParleyError(Code.UNAUTHENTICATED, "You are no longer in this team. Log in again.")
    if not member.may(operation.team):
        owner = MemberRole.OWNER
        raise ParleyError(Code.FORBIDDEN, f"Only an {owner} of the vendor may do this.")
    return member.vendor_id
