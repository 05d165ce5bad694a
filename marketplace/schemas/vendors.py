"""Vendors: the profile a vendor writes, its own view of it, and the public view."""

from marshmallow import fields, validate

from marketplace.domain.vendors import MAX_CAPACITY, MAX_RADIUS_M, MIN_RADIUS_M
from marketplace.schemas.fields.attributes import Attributes
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.places import Place, RoundedPlace
from marketplace.schemas.fields.texts import Name, Text, Unicode
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, language
from marketplace.schemas.strict import Strict


class ServiceAreaSchema(Strict):
    """Where a vendor works: a point and a radius in metres."""

    location = Place(required=True)
    radius_m = Whole(required=True, least=MIN_RADIUS_M, most=MAX_RADIUS_M)


class UpdateProfile(Strict):
    """The body of PATCH /v1/vendors/me: all fields are optional; omitted fields stay unchanged."""

    company = Name(longest=120)
    categories = fields.List(
        Unicode(validate=validate.Length(max=50)),
        validate=validate.Length(min=1, max=20),
    )
    service_area = fields.Nested(ServiceAreaSchema)
    hours = Attributes()
    capacity = Whole(least=1, most=MAX_CAPACITY)
    languages = fields.List(
        language(),
        validate=validate.Length(max=20),
    )


class Decision(Strict):
    """The body of POST /v1/admin/vendors/{id}/{decision}."""

    reason = Text(required=True, longest=500)


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


class Steps(Strict):
    """The completed and the remaining steps of the onboarding."""

    done = fields.List(fields.String(), required=True)
    to_do = fields.List(fields.String(), required=True)


class VendorView(PublicVendor):
    """A vendor after an event, as events carry it; its place is rounded."""

    state = fields.String(required=True)
    state_reason = fields.String(allow_none=True)
    capacity = Whole(required=True)
    open_matches = Whole(required=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)


class WholeVendorView(VendorView):
    """A vendor as the vendor itself and admins see it."""

    service_area = fields.Nested(ServiceAreaSchema, allow_none=True)


class OwnVendorView(WholeVendorView):
    """A vendor's own profile with its onboarding steps."""

    steps = fields.Nested(Steps, required=True)
