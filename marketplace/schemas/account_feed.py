"""An account's feed: how an app joins it, its items, and their pushes."""

from marshmallow import fields

from marketplace.domain.vendors import VendorState
from marketplace.schemas.conversations import BlockView
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.matches import MatchView
from marketplace.schemas.members import AssignmentView, TeamChange
from marketplace.schemas.notifications import NotificationView
from marketplace.schemas.quotes import QuoteView
from marketplace.schemas.strict import Strict
from marketplace.schemas.vendors import ReviewView


class JoinAccount(Strict):
    """The payload of `join_account`.

    The items start after `after_position`, which is a position of `epoch`.
    """

    after_position = Whole(load_default=None, allow_none=True)
    epoch = Identifier(load_default=None, allow_none=True)


class FeedItemView(Strict):
    """Something that the account was told: the push `name` with its `data`, as it was then."""

    position = Whole(required=True, least=1)
    name = fields.String(required=True)
    data = fields.Dict(required=True)
    at = Moment(required=True)


class JoinedAccount(Strict):
    """Items of the account's feed, oldest first, up to `position`; pushes start at position + 1.

    `has_more` says whether there are more items in the requested direction.  If `is_snapshot` is true,
    these are the newest items, which do not continue from the requested number; `has_more` then refers
    to older items.
    """

    position = Whole(required=True)
    epoch = Identifier(required=True)
    items = fields.List(fields.Nested(FeedItemView), required=True)
    has_more = Flag(required=True)
    is_snapshot = Flag(required=True)


class FeedPush(Strict):
    """A push that is an item of the account's feed; `position` is its number there."""

    # The previous version of Parley announces without a number.
    position = Whole(least=1)


class MatchPush(FeedPush, MatchView):
    """One RFI offered to one vendor; a push has the `position` in the account's feed."""


class QuotePush(FeedPush, QuoteView):
    """A vendor's price for a revision of an RFI; a push has the `position` in the account's feed."""


class NotificationPush(FeedPush, NotificationView):
    """One notification to one account; a push has the `position` in the account's feed."""


class BlockPush(FeedPush, BlockView):
    """Whether a conversation is open, and whether the recipient of this push blocks it."""


class RfiAwarded(FeedPush):
    """The RFI was awarded to one of its quotes."""

    rfi_id = Identifier(required=True)
    quote_id = Identifier(required=True)
    quote_revision = Whole()
    vendor_id = Identifier(required=True)
    revision = Whole(required=True)


class VendorDecision(Strict):
    """What was decided about a vendor, and the state that it has now."""

    vendor_id = Identifier(required=True)
    state = one_of(VendorState, required=True)
    state_reason = fields.String(required=True, allow_none=True)
    updated_at = Moment(required=True)
    review = fields.Nested(ReviewView, required=True, allow_none=True)


class VendorDecided(FeedPush, VendorDecision):
    """An admin or a rule decided about the vendor."""


class TeamPush(FeedPush, TeamChange):
    """Somebody joined or left the vendor's team, or got another role in it."""


class AssignmentPush(FeedPush, AssignmentView):
    """Who a conversation is assigned to; null for nobody."""
