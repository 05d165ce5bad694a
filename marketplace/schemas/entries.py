"""The entries of a conversation, one schema for each kind."""

from collections.abc import Mapping

from marshmallow import fields, validate

from marketplace.domain.conversations import EntryKind
from marketplace.schemas.conversations import MessageView
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.strict import Strict


def _kind(kind: EntryKind) -> fields.String:
    return fields.String(required=True, validate=validate.Equal(kind.value))


class MessageEntry(MessageView):
    """A message; `at` is when it was sent."""

    kind = _kind(EntryKind.MESSAGE)
    at = Moment(required=True)


class EditEntry(Strict):
    """The body of an earlier message was replaced."""

    kind = _kind(EntryKind.EDIT)
    sequence = Whole(required=True)
    at = Moment(required=True)
    message_id = Identifier(required=True)
    sender_id = Identifier(required=True)
    body = fields.String(required=True)


class DeletionEntry(Strict):
    """An earlier message was deleted."""

    kind = _kind(EntryKind.DELETION)
    sequence = Whole(required=True)
    at = Moment(required=True)
    message_id = Identifier(required=True)
    sender_id = Identifier(required=True)


class NoticeEntry(Strict):
    """A notice about an event outside the messages; `code` names it, `data` has its details."""

    kind = _kind(EntryKind.NOTICE)
    sequence = Whole(required=True)
    at = Moment(required=True)
    code = fields.String(required=True)
    data = fields.Dict(required=True, allow_none=True)


class MessageEdited(EditEntry):
    """The push of an edit."""

    conversation_id = Identifier(required=True)


class MessageDeleted(DeletionEntry):
    """The push of a deletion."""

    conversation_id = Identifier(required=True)


class NoticeAdded(NoticeEntry):
    """The push of a notice."""

    conversation_id = Identifier(required=True)


class AnyEntry(fields.Raw):
    """An entry of any kind, serialized by hand in `schemas/views.py`; `kind` selects the schema."""

    kinds: Mapping[str, type[Strict]] = {
        EntryKind.MESSAGE: MessageEntry,
        EntryKind.EDIT: EditEntry,
        EntryKind.DELETION: DeletionEntry,
        EntryKind.NOTICE: NoticeEntry,
    }
