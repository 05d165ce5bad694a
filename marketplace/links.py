"""The page's addresses: one table for the page itself and for everything that links to it.

`make contract` writes the table for the page (`web/src/app/paths.ts`).
"""

from enum import StrEnum
from urllib.parse import quote


class Link(StrEnum):
    """A location on the page, by its path; `{id}` is a placeholder for an id."""

    START = "/"
    NEW_RFI = "/rfis/new"
    RFI = "/rfis/{id}"
    MATCH = "/matches/{id}"
    CONVERSATIONS = "/conversations"
    CONVERSATION = "/conversations/{id}"
    PASSWORD_RESET = "/password-reset"  # noqa: S105 # a path
    EMAIL_UNDO = "/email-undo"

    def path(self, id_: str = "") -> str:
        """The path with the id filled in."""
        return self.value.replace("{id}", quote(id_, safe=""))
