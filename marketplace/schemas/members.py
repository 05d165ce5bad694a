"""A vendor's team, and the conversations assigned within it."""

from marshmallow import fields

from marketplace.domain.members import MemberRole
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.strict import Strict


class MemberEventView(Strict):
    """A member of a vendor's team, as events have it: without an address."""

    account_id = Identifier(required=True)
    vendor_id = Identifier(required=True)
    role = one_of(MemberRole, required=True)
    company = fields.String(required=True)


class MemberView(Strict):
    """A member of a vendor's team; `id` is the account's."""

    id = Identifier(required=True)
    email = fields.String(required=True)
    role = one_of(MemberRole, required=True)
    invited_by = Identifier(required=True)
    invited_at = Moment(required=True)


class TeamChange(Strict):
    """A member of a vendor's team and their role, which is null after the removal."""

    account_id = Identifier(required=True)
    role = one_of(MemberRole, required=True, allow_none=True)
    changed_by = Identifier(required=True)
    at = Moment(required=True)


class ChangeRole(Strict):
    """The body of PATCH /v1/vendors/me/members/{account_id}."""

    role = one_of(MemberRole, required=True)


class AssignConversation(Strict):
    """The body of POST /v1/conversations/{id}/assign; null assigns it to nobody."""

    account_id = Identifier(required=True, allow_none=True)


class AssignmentView(Strict):
    """Who a conversation is assigned to; null for nobody."""

    conversation_id = Identifier(required=True)
    account_id = Identifier(required=True, allow_none=True)
    assigned_by = Identifier(required=True)
    at = Moment(required=True)
