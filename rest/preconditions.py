"""Preconditions: `If-Match` and `If-None-Match` (RFC 9110, sections 13.1.1 and 13.1.2).

The validator of an RFI is its revision: it says which state was read, not which bytes were sent.
A proxy that compresses an answer makes the strong tag `"2"` the weak one `W/"2"`; both name
revision 2.  So a weak tag is taken in If-Match too, where RFC 9110 asks for a strong comparison: that
rule keeps changes from being made on bytes that differ, and here nobody changes bytes.
"""

import re
from typing import TypeAlias

from marketplace.errors import Code, ParleyError, invalid
from rest.requests import RestRequest

# None stands for `*`: any state will do.
Revisions: TypeAlias = frozenset[int] | None
_MOST_TAGS = 20
_TAG = re.compile(r'[ \t]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)')
_EMPTY = re.compile(r"[ \t]*(?:,|$)")  # a list may have empty elements (section 5.6.1)
_REVISION = re.compile(r'"([1-9][0-9]{0,14})"')


def expected_revisions(request: RestRequest) -> Revisions:
    """The revisions in `If-Match`, any of which the RFI may stand at; None for `*`.

    A tag that is none of ours names no revision, and so matches none.

    Raises:
        ParleyError: `revision_required` without the header; `validation_failed` when it is no list of
            entity tags.
    """
    given = request.headers.getall("if-match", [])
    if not given:
        raise ParleyError(
            Code.REVISION_REQUIRED,
            'Send the ETag of the revision you decided on as If-Match, such as "7".',
        )
    tags = _tags(", ".join(given))
    if tags is None:
        raise invalid(
            "If-Match", f'Must be * or up to {_MOST_TAGS} ETags as returned, such as "7".'
        )
    if tags == ["*"]:
        return None
    return frozenset(int(ours[1]) for tag in tags if (ours := _REVISION.fullmatch(tag)) is not None)


def has_already(request: RestRequest, etag: str) -> bool:
    """Whether `If-None-Match` names the ETag, so that the client has what it would be sent.

    A header that cannot be read is passed over, as if it were not there.
    """
    given = request.headers.getall("if-none-match", [])
    tags = _tags(", ".join(given)) if given else None
    return tags is not None and (tags == ["*"] or etag in tags)


def _tags(field: str) -> list[str] | None:
    """The entity tags of a list without their `W/`; ["*"] for the star, None for anything else."""
    if field.strip(" \t") == "*":
        return ["*"]
    tags: list[str] = []
    at = 0
    while at < len(field):
        found = _TAG.match(field, at)
        if found is not None:
            tags.append(found[1].removeprefix("W/"))
        else:
            found = _EMPTY.match(field, at)
        if found is None or len(tags) > _MOST_TAGS:
            return None
        at = found.end()
    return tags or None
