"""Vendors, as events and everybody see them."""

from marshmallow import fields

from marketplace.domain.vendor_reviews import Outcome, Step
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.places import RoundedPlace
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.strict import Strict


class PublicServiceArea(Strict):
    """Where a vendor works: a point, rounded to a grid of about 1 km, and a radius in metres."""

    location = RoundedPlace(required=True)
    radius_m = Whole(required=True)


class PublicVendor(Strict):
    """A vendor's public profile: no personal data, and its place rounded to about 1 km."""

    id = Identifier(required=True)
    company = fields.String(allow_none=True)
    categories = fields.List(fields.String(), required=True)
    service_area = fields.Nested(PublicServiceArea, allow_none=True)
    hours = fields.Dict(allow_none=True)
    languages = fields.List(fields.String(), required=True)


class NearbyVendorView(PublicVendor):
    """A vendor near a place, with its distance in metres."""

    distance_m = Whole(required=True)


class VendorView(PublicVendor):
    """A vendor after an event, as events carry it; its place is rounded."""

    state = fields.String(required=True)
    state_reason = fields.String(allow_none=True)
    capacity = Whole(required=True)
    open_matches = Whole(required=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)


class ReviewView(Strict):
    """What was decided about a vendor, and why; `steps` are those that it has to change."""

    outcome = one_of(Outcome, required=True)
    reason = fields.String(required=True)
    steps = fields.List(one_of(Step), required=True)
    is_of_changes = Flag(required=True)
    at = Moment(required=True)
