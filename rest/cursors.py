"""Cursors: where the next page starts, sealed so that only issued cursors are accepted.

An invented cursor fails the check of its seal before anything is read for it. The seal covers the
path of the list that the cursor was issued for.
"""

import base64
import binascii
import hashlib
import hmac

from marketplace.errors import ParleyError, invalid

_SEAL_BYTES = 12
MAX_CURSOR_CHARACTERS = 200


class Cursors:
    """Seals positions with a key that only this deployment has; stateless."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.new(secret.encode(), b"cursors", hashlib.sha256).digest()

    def seal(self, path: str, position: str) -> str:
        """The cursor for a position in the list at a path."""
        sealed = self._seal(path, position.encode()) + position.encode()
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, path: str, cursor: str) -> str:
        """The position inside a cursor.

        Raises:
            ParleyError: `validation_failed` for anything that was not issued for this list.
        """
        if len(cursor) > MAX_CURSOR_CHARACTERS:
            raise _not_a_cursor()
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            sealed = base64.b64decode(padded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _not_a_cursor() from error
        seal, position = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(path, position)):
            raise _not_a_cursor()
        return position.decode()

    def _seal(self, path: str, position: bytes) -> bytes:
        return hmac.digest(self._key, path.encode() + b"\n" + position, "sha256")[:_SEAL_BYTES]


def _not_a_cursor() -> ParleyError:
    return invalid(
        "cursor",
        "Not a cursor of this list. Send next_cursor unchanged, or start again without a cursor.",
    )
