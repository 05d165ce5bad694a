"""Strict fields: a value is stored exactly as sent, or refused."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields as marshmallow_fields

from marketplace.errors import Code, FieldError, ParleyError
from marketplace.schemas.fields.attributes import Attributes
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.places import Place
from marketplace.schemas.fields.texts import Text, Unicode
from marketplace.schemas.fields.times import Moment, written
from marketplace.schemas.fields.words import Identifier, currency
from marketplace.schemas.people import timezone
from marketplace.schemas.strict import Strict


class _Inner(Strict):
    number = Whole(required=True)


class _Payload(Strict):
    """One field of each type."""

    text = Text(longest=10)
    id = Identifier()
    number = Whole(least=1, most=5)
    flag = Flag()
    moment = Moment()
    place = Place()
    attributes = Attributes()
    money = currency()
    zone = timezone()
    secret = Unicode()
    inner = marshmallow_fields.Nested(_Inner)
    list_of_inner = marshmallow_fields.List(marshmallow_fields.Nested(_Inner))


SCHEMA = _Payload()
FIELD_NAMES = sorted(SCHEMA.fields)
NAN, INFINITY = float("nan"), float("inf")


def _errors(payload: object) -> list[FieldError]:
    with pytest.raises(ParleyError) as refused:
        SCHEMA.read(payload)
    assert refused.value.code is Code.VALIDATION_FAILED
    return list(refused.value.errors)


@pytest.mark.parametrize("name", set(FIELD_NAMES) - {"attributes"})
@pytest.mark.parametrize(
    "operator",
    [{"$ne": None}, {"$gt": ""}, {"$where": "1"}, ["a"], [{"$ne": None}], None],
    ids=repr,
)
def test_an_operator_is_an_error_in_every_field(name: str, operator: object) -> None:
    """Types are checked before a value can reach a query."""
    assert {error.path.partition(".")[0] for error in _errors({name: operator})} == {name}


def test_an_operator_is_not_an_attribute() -> None:
    """Attributes are flat, and their names are words."""
    for attributes in ({"$ne": None}, {"a": {"$ne": None}}, {"a": [1]}, {"a.b": 1}, {"a": None}):
        assert [error.path for error in _errors({"attributes": attributes})] == ["attributes"]


@pytest.mark.parametrize(
    "value", ["5", 2.0, 2.5, True, NAN, INFINITY, -INFINITY, 0, 6, -1, 10**400]
)
def test_a_number_is_an_integer_within_its_bounds(value: object) -> None:
    """Strings, booleans, fractions and numbers out of range are refused."""
    assert [error.path for error in _errors({"number": value})] == ["number"]


@pytest.mark.parametrize("value", ["true", "yes", 1, 0, 1.0, "", NAN])
def test_a_flag_is_true_or_false(value: object) -> None:
    """A value that only resembles a boolean is refused."""
    assert [error.path for error in _errors({"flag": value})] == ["flag"]
    assert SCHEMA.read({"flag": False}) == {"flag": False}


@pytest.mark.parametrize(
    "value",
    ["", " ", "\t\n", "x" * 11, "\x00", "\u200b", "\u2800", "\ud800", "a\udfff", 5, True],
    ids=ascii,
)
def test_a_text_is_visible_unicode_of_bounded_length(value: object) -> None:
    """Control characters, lone surrogates and texts without a visible character are refused."""
    assert [error.path for error in _errors({"text": value})] == ["text"]


@pytest.mark.parametrize("value", ["a\nb\tc", "naïve 🙂", "שלום", "x" * 10, " a ", "{}$where"])
def test_a_text_keeps_line_breaks_scripts_and_emoji(value: str) -> None:
    """Line breaks, tabs, any script and emoji stay unchanged."""
    assert SCHEMA.read({"text": value}) == {"text": value}


@pytest.mark.parametrize("value", ["", "a b", "a\n", "é", "x" * 65, "a/b", "$ne", "a.b", 7])
def test_an_id_is_a_short_word(value: object) -> None:
    """An id consists of letters, digits, underscores and hyphens only."""
    assert [error.path for error in _errors({"id": value})] == ["id"]
    assert SCHEMA.read({"id": "aZ09_-" + "x" * 58})["id"].startswith("aZ09_-")


@pytest.mark.parametrize("value", ["usd", "US", "USDX", "USD\n", "ÚSD", 840])
def test_a_currency_is_three_capital_letters(value: object) -> None:
    """A currency is a code as in ISO 4217."""
    assert [error.path for error in _errors({"money": value})] == ["money"]
    assert SCHEMA.read({"money": "USD"}) == {"money": "USD"}


@pytest.mark.parametrize("value", ["Denver", "MST7MDT ", "../../etc/passwd", "", 0])
def test_a_time_zone_is_an_iana_name(value: object) -> None:
    """A time zone is a full IANA name."""
    assert [error.path for error in _errors({"zone": value})] == ["zone"]
    assert SCHEMA.read({"zone": "America/Denver"}) == {"zone": "America/Denver"}


def test_a_password_may_contain_anything_but_lone_surrogates() -> None:
    """A password may contain anything that UTF-8 can encode."""
    assert [error.path for error in _errors({"secret": "\ud800"})] == ["secret"]
    assert SCHEMA.read({"secret": "\x01 "}) == {"secret": "\x01 "}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-05-17T09:30:00Z", datetime(2026, 5, 17, 9, 30, tzinfo=UTC)),
        ("2026-05-17T09:30:00.123456+02:00", datetime(2026, 5, 17, 7, 30, 0, 123_000, tzinfo=UTC)),
        ("2026-05-17T09:30:00.999999-07:00", datetime(2026, 5, 17, 16, 30, 0, 999_000, tzinfo=UTC)),
    ],
)
def test_a_time_is_stored_in_utc_to_the_millisecond(value: str, read: datetime) -> None:
    """Any offset is accepted; digits beyond milliseconds, which the store cannot keep, are cut."""
    assert SCHEMA.read({"moment": value}) == {"moment": read}


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-17T09:30:00",
        "2026-05-17",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "yesterday",
        "",
        1_779_000_000,
        True,
    ],
)
def test_a_time_needs_an_offset_and_a_possible_date(value: object) -> None:
    """Local times, impossible dates and numbers are refused."""
    assert [error.path for error in _errors({"moment": value})] == ["moment"]


def test_a_time_is_written_as_rfc_3339_in_utc() -> None:
    """A time is written as RFC 3339 in UTC, with milliseconds and Z."""
    moment = datetime(2026, 5, 17, 9, 30, 0, 5_000, tzinfo=UTC)

    assert written(moment) == "2026-05-17T09:30:00.005Z"
    assert SCHEMA.read({"moment": written(moment)})["moment"] == moment
    assert SCHEMA.dump({"moment": moment}) == {"moment": written(moment)}


@pytest.mark.parametrize(
    "coordinates", [[0, 0], [-180, -90], [180, 90], [-104.9903, 39.7392], [-0.0, 1e-300]]
)
def test_a_place_is_a_longitude_and_a_latitude(coordinates: list[float]) -> None:
    """A place may be at the edge of the map, and its numbers may be whole."""
    read = SCHEMA.read({"place": {"type": "Point", "coordinates": coordinates}})

    assert read["place"] == {"type": "Point", "coordinates": coordinates}
    assert all(isinstance(coordinate, float) for coordinate in read["place"]["coordinates"])


@pytest.mark.parametrize(
    "coordinates",
    [
        [180.0001, 0],
        [0, 90.0001],
        [-181, 0],
        [0, -91],
        [NAN, 0],
        [0, NAN],
        [INFINITY, 0],
        [0, -INFINITY],
        [10**400, 0],
        ["0", "0"],
        [True, False],
        [0],
        [0, 0, 0],
        [[0, 0]],
        [None, 0],
        "0,0",
        {"0": 0, "1": 0},
        None,
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_place_off_the_map_is_refused(coordinates: object) -> None:
    """Coordinates out of range, not numbers or not exactly two are refused."""
    payload = {"place": {"type": "Point", "coordinates": coordinates}}

    assert [error.path for error in _errors(payload)] == ["place"]


@pytest.mark.parametrize(
    "place",
    [
        {"type": "Polygon", "coordinates": [0, 0]},
        {"type": "Point"},
        {"coordinates": [0, 0]},
        {"type": "Point", "coordinates": [0, 0], "crs": {}},
        {"type": ["Point"], "coordinates": [0, 0]},
        [0, 0],
        "Point",
    ],
    ids=repr,
)
def test_a_place_is_exactly_a_geojson_point(place: object) -> None:
    """The error message shows the expected form."""
    (error,) = _errors({"place": place})

    assert '{"type": "Point", "coordinates": [longitude, latitude]}' in error.message


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"a": 1, "b": 1.5, "c": True, "d": "text", "e": ""},
        {"a": -(2**53) + 1, "b": 2**53 - 1},
        {"x" * 50: "y" * 500},
        {f"n{n}": n for n in range(50)},
    ],
    ids=["empty", "kinds", "numbers", "long", "many"],
)
def test_attributes_are_names_with_plain_values(attributes: dict[str, Any]) -> None:
    """Up to fifty attributes are kept unchanged."""
    assert SCHEMA.read({"attributes": attributes}) == {"attributes": attributes}


@pytest.mark.parametrize(
    "attributes",
    [
        {f"n{n}": n for n in range(51)},
        {"x" * 51: 1},
        {"": 1},
        {"1a": 1},
        {"a\n": 1},
        {1: 1},
        {"a": "y" * 501},
        {"a": "\ud800"},
        {"a": NAN},
        {"a": INFINITY},
        {"a": 2**53},
        {"a": 2**63},
        {"a": -(2**53)},
        {"a": 10**5_000},
        {"a": {}},
        [],
        "a",
    ],
    ids=lambda value: type(value).__name__,
)
def test_attributes_that_the_store_or_json_cannot_hold_are_refused(attributes: object) -> None:
    """Too many, badly named, too long, too large, non-finite and nested ones are refused."""
    assert {error.path for error in _errors({"attributes": attributes})} == {"attributes"}


@pytest.mark.parametrize("unknown", ["nmber", "$set", "__proto__", "", "a.b"])
def test_an_unknown_field_is_refused(unknown: str) -> None:
    """A misspelled field is reported, not ignored."""
    assert [error.path for error in _errors({unknown: 1})] == [unknown or "$"]


def test_each_invalid_value_is_named_with_its_path() -> None:
    """Errors name every invalid value inside objects and lists, all at once."""
    payload = {
        "number": 9,
        "inner": {"number": "1", "more": 1},
        "list_of_inner": [{"number": 1}, {}],
    }

    assert {error.path for error in _errors(payload)} == {
        "number",
        "inner.number",
        "inner.more",
        "list_of_inner.1.number",
    }


@pytest.mark.parametrize("payload", [None, [], "text", 5, True, [{"number": 1}]])
def test_a_payload_is_an_object(payload: object) -> None:
    """Anything but an object is refused with a message."""
    with pytest.raises(ParleyError, match="JSON object"):
        SCHEMA.read(payload)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=11), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(FIELD_NAMES),
        VALUES | st.fixed_dictionaries({"type": st.just("Point"), "coordinates": VALUES}),
    )
)
def test_any_json_value_is_loaded_or_refused(payload: dict[str, Any]) -> None:
    """No JSON value makes loading fail in another way, and loaded values can be dumped as JSON."""
    try:
        read = SCHEMA.read(payload)
    except ParleyError as error:
        refused = error
    else:
        orjson.dumps(SCHEMA.dump(read))
        return
    assert refused.code is Code.VALIDATION_FAILED
    assert all(error.path and error.message for error in refused.errors)
