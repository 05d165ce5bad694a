"""Why a worker refuses a file."""

from marketplace.errors import BaseError


class FileRefusedError(BaseError):
    """The file is refused; the message is for the person who sent it."""


DAMAGED = "The file is damaged or incomplete."
