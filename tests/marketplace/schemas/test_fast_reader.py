"""The fast path for views loads what marshmallow would have loaded."""

from typing import Any

import orjson
import pytest
from marshmallow import ValidationError

from marketplace.domain.attachments import sent_form
from marketplace.events import EVENT_TYPES, decode, encode
from marketplace.schemas.fast_reader import FastReader
from tests.builders import a_message, an_attachment
from tests.notify.helpers import written_message

MESSAGE = EVENT_TYPES["message.sent", 1].schema


def a_view(**changes: Any) -> dict[str, Any]:
    """The data of `message.sent` as the relay writes it, with changes to the message."""
    data: dict[str, Any] = orjson.loads(encode(written_message(a_message())))["data"]
    return {"message": {**data["message"], **changes}}


def test_a_message_from_the_relay_takes_the_fast_path() -> None:
    """It loads the same values without calling marshmallow."""
    view = a_view(attachments=[sent_form(an_attachment()), sent_form(an_attachment())])

    found = FastReader(MESSAGE).read(view)

    assert found is not None
    assert found == MESSAGE.load(view)


def test_a_field_of_a_later_version_is_ignored() -> None:
    """The fast path ignores new fields too, so an upgrade does not slow consumers down."""
    view = a_view(mood="good")

    found = FastReader(MESSAGE).read(view)

    assert found is not None
    assert found == MESSAGE.load(view)
    assert "mood" not in found["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": "1"},
        {"sequence": True},
        {"sequence": -1},
        {"sender_id": ""},
        {"sender_id": "no id!"},
        {"sender_id": None},
        {"channel": "pigeon"},
        {"body": 7},
        {"attachments": [7]},
        {"attachments": [{"id": "a1"}]},
        {"attachments": None},
        {"sent_at": "2026-W48-3T23:46:08.12Z"},
        {"sent_at": "2026-13-31T23:59:59.999Z"},
        {"sent_at": "2026-01-31T23:59:59+01:00"},
        {"sent_at": "2026-01-31"},
        {"sent_at": None},
    ],
)
def test_an_unusual_value_is_left_to_marshmallow(changes: dict[str, Any]) -> None:
    """Marshmallow accepts such a value, or refuses it with an error that names its path."""
    assert FastReader(MESSAGE).read(a_view(**changes)) is None


@pytest.mark.parametrize("missing", ["id", "sequence", "body", "sent_at"])
def test_a_missing_field_is_left_to_marshmallow(missing: str) -> None:
    """Marshmallow refuses it by name."""
    view = a_view()
    del view["message"][missing]

    assert FastReader(MESSAGE).read(view) is None
    with pytest.raises(ValidationError, match=missing):
        MESSAGE.load(view)


def test_the_fast_path_and_the_schemas_decode_an_event_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fast path and the schemas decode an event to the same value."""
    value = encode(written_message(a_message()))
    at_a_glance = decode(value)

    monkeypatch.setattr(FastReader, "read", lambda *_: None)

    assert decode(value) == at_a_glance
