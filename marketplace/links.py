"""The page's addresses: one table for whoever links to the page and for the page itself.

`make contract` writes the table for the page (`web/src/app/paths.ts`).
"""

from enum import StrEnum
from urllib.parse import quote


class Link(StrEnum):
    """A place on the page by its path; `{id}` stands for an id."""

    START = "/"
    NEW_RFI = "/rfis/new"
    RFI = "/rfis/{id}"
    MATCH = "/matches/{id}"
    CONVERSATIONS = "/conversations"
    CONVERSATION = "/conversations/{id}"

    def path(self, id_: str = "") -> str:
        """The path with the id in it."""
        return self.value.replace("{id}", quote(id_, safe=""))
