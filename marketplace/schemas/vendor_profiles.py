"""Vendors: the profile that a vendor writes, and its own view of it.

Only `rest` needs these, and the time zones.
"""

from typing import Any

from marshmallow import fields, post_dump, validate

from marketplace.domain.opening_hours import MAX_HOLIDAYS, MAX_PAUSES, MAX_PERIODS
from marketplace.domain.vendor_reviews import Step
from marketplace.domain.vendors import MAX_CAPACITY, MAX_PICTURES, MAX_RADIUS_M, MIN_RADIUS_M
from marketplace.schemas.fields.attributes import Attributes
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.places import Place, Polygon
from marketplace.schemas.fields.texts import Name, Unicode
from marketplace.schemas.fields.times import Day, Moment, TimeOfDay
from marketplace.schemas.fields.words import Identifier, language, one_of
from marketplace.schemas.people import timezone
from marketplace.schemas.strict import Strict
from marketplace.schemas.vendors import PublicVendor, ReviewView, VendorView


class ServiceAreaSchema(Strict):
    """Where a vendor works: a point and a radius in metres; with a polygon, within that only."""

    location = Place(required=True)
    radius_m = Whole(required=True, least=MIN_RADIUS_M, most=MAX_RADIUS_M)
    polygon = Polygon()

    @post_dump
    def _without_null(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value is not None}


class NewServiceArea(Strict):
    """A point and a radius in metres, or a polygon; `radius_m` then follows from the polygon."""

    location = Place()
    radius_m = Whole(least=MIN_RADIUS_M, most=MAX_RADIUS_M)
    polygon = Polygon()


class PeriodSchema(Strict):
    """A part of a day, as local times; `closes` is `24:00` at the latest."""

    opens = TimeOfDay(required=True)
    closes = TimeOfDay(required=True, is_end=True)


def _periods() -> Any:
    return fields.List(fields.Nested(PeriodSchema), validate=validate.Length(max=MAX_PERIODS))


class DaysSchema(Strict):
    """The periods of each weekday; a day without periods is closed."""

    monday = _periods()
    tuesday = _periods()
    wednesday = _periods()
    thursday = _periods()
    friday = _periods()
    saturday = _periods()
    sunday = _periods()


class OpeningHoursSchema(Strict):
    """When a vendor is open, by weekday, in a time zone."""

    timezone = timezone(required=True)
    days = fields.Nested(DaysSchema, required=True)


class PauseSchema(Strict):
    """A time in which the vendor gets no offers."""

    starts_at = Moment(required=True)
    ends_at = Moment(required=True)


class UpdateProfile(Strict):
    """The body of PATCH /v1/vendors/me: all fields are optional; omitted fields stay unchanged."""

    company = Name(longest=120)
    categories = fields.List(
        Unicode(validate=validate.Length(max=50)),
        validate=validate.Length(min=1, max=20),
    )
    service_area = fields.Nested(NewServiceArea)
    hours = Attributes()
    opening_hours = fields.Nested(OpeningHoursSchema, allow_none=True)
    holidays = fields.List(Day(), validate=validate.Length(max=MAX_HOLIDAYS))
    pauses = fields.List(fields.Nested(PauseSchema), validate=validate.Length(max=MAX_PAUSES))
    picture_ids = fields.List(Identifier(), validate=validate.Length(max=MAX_PICTURES))
    capacity = Whole(least=1, most=MAX_CAPACITY)
    languages = fields.List(
        language(),
        validate=validate.Length(max=20),
    )


class PublicProfile(PublicVendor):
    """A vendor's public profile with the hours at which it is open."""

    opening_hours = fields.Nested(OpeningHoursSchema, required=True, allow_none=True)
    holidays = fields.List(fields.String(), required=True)
    picture_ids = fields.List(Identifier(), required=True)


class Steps(Strict):
    """The completed and the remaining steps of the onboarding."""

    done = fields.List(fields.String(), required=True)
    to_do = fields.List(fields.String(), required=True)


class ProposalView(Strict):
    """Changes of an approved profile that wait for a review; null fields stay as they are.

    `submitted_at` is null while the vendor has to do something first.
    """

    categories = fields.List(fields.String(), required=True, allow_none=True)
    service_area = fields.Nested(ServiceAreaSchema, required=True, allow_none=True)
    has_documents = Flag(required=True)
    submitted_at = Moment(required=True, allow_none=True)


class WholeVendorView(VendorView):
    """A vendor as the vendor itself and admins see it."""

    service_area = fields.Nested(ServiceAreaSchema, allow_none=True)
    opening_hours = fields.Nested(OpeningHoursSchema, required=True, allow_none=True)
    holidays = fields.List(fields.String(), required=True)
    pauses = fields.List(fields.Nested(PauseSchema), required=True)
    picture_ids = fields.List(Identifier(), required=True)
    suspended_for = fields.String(required=True, allow_none=True)
    requested_steps = fields.List(one_of(Step), required=True)
    proposal = fields.Nested(ProposalView, required=True, allow_none=True)
    last_review = fields.Nested(ReviewView, required=True, allow_none=True)


class OwnVendorView(WholeVendorView):
    """A vendor's own profile with its onboarding steps."""

    steps = fields.Nested(Steps, required=True)
    optional_steps = fields.Nested(Steps, required=True)
