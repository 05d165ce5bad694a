"""Preconditions: `If-Match` and `If-None-Match` (RFC 9110, sections 13.1.1 and 13.1.2).

The validator of an RFI is its revision: it identifies the state that was read, not the bytes that
were sent. A proxy that compresses a response turns the strong tag `"2"` into the weak `W/"2"`; both
mean revision 2. So If-Match accepts weak tags too, although RFC 9110 requires a strong comparison:
that rule prevents edits of differing bytes, and here nobody edits bytes.
"""

import re
from typing import TypeAlias

from marketplace.errors import Code, ParleyError, invalid
from rest.requests import RestRequest

# None stands for `*`: any revision.
Revisions: TypeAlias = frozenset[int] | None
_MAX_TAGS = 20
_TAG = re.compile(r'[ \t]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)')
_EMPTY = re.compile(r"[ \t]*(?:,|$)")  # a list may have empty elements (section 5.6.1)
_REVISION = re.compile(r'"([1-9][0-9]{0,14})"')


def expected_revisions(request: RestRequest) -> Revisions:
    """The revisions in `If-Match`, of which the RFI's must be one; None for `*`.

    A tag that we never issued names no revision, and so matches none.

    Raises:
        ParleyError: `revision_required` without the header; `validation_failed` if it is not a list
            of entity tags.
    """
    headers = request.headers.getall("if-match", [])
    if not headers:
        raise ParleyError(
            Code.REVISION_REQUIRED,
            'Send the ETag of the revision you decided on as If-Match, such as "7".',
        )
    tags = _tags(", ".join(headers))
    if tags is None:
        raise invalid("If-Match", f'Must be * or up to {_MAX_TAGS} ETags as returned, such as "7".')
    if tags == ["*"]:
        return None
    return frozenset(int(ours[1]) for tag in tags if (ours := _REVISION.fullmatch(tag)) is not None)


def is_not_modified(request: RestRequest, etag: str) -> bool:
    """Whether `If-None-Match` names the ETag, so that the client already has this representation.

    An unparseable header is ignored.
    """
    headers = request.headers.getall("if-none-match", [])
    tags = _tags(", ".join(headers)) if headers else None
    return tags is not None and (tags == ["*"] or etag in tags)


def _tags(field: str) -> list[str] | None:
    """The entity tags of a list without their `W/`; ["*"] for `*`, None for anything else."""
    if field.strip(" \t") == "*":
        return ["*"]
    tags: list[str] = []
    offset = 0
    while offset < len(field):
        element = _TAG.match(field, offset)
        if element is not None:
            tags.append(element[1].removeprefix("W/"))
        else:
            element = _EMPTY.match(field, offset)
        if element is None or len(tags) > _MAX_TAGS:
            return None
        offset = element.end()
    return tags or None
