"""Invitations to a vendor's team; only `rest` reads email addresses."""

from marketplace.domain.members import MemberRole
from marketplace.schemas.fields.words import one_of
from marketplace.schemas.people import NewEmail
from marketplace.schemas.strict import Strict


class InviteMember(Strict):
    """The body of POST /v1/vendors/me/members."""

    email = NewEmail(required=True)
    role = one_of(MemberRole, required=True)
