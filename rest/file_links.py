"""URLs of files: anyone who has a URL may read its file until it expires."""

import base64
import hashlib
import hmac
from urllib.parse import quote

from marketplace.bootstrap import Parts
from marketplace.domain.blobs import BlobRecord
from marketplace.errors import Code, ParleyError

# A URL is valid for an hour at least, and stays the same for a quarter of one, so that browsers
# find the file in their cache.
VALID_FOR_S = 3_600
_SAME_FOR_S = 900
# A browser shows these itself; it saves everything else.
_SHOWN = ("image/", "audio/")


class FileLinks:
    """Makes URLs of blobs, and checks those that `rest` serves itself."""

    def __init__(self, parts: Parts) -> None:
        secret = parts.settings.token_secret.encode()
        self._key = hmac.new(secret, b"files", hashlib.sha256).digest()
        self._base = parts.settings.public_url.rstrip("/")
        self._clock = parts.world.clock
        self._blobs = parts.world.files.blobs

    async def url(self, record: BlobRecord) -> str:
        """A URL that expires."""
        now = int(self._clock.now().timestamp())
        expires = (now // _SAME_FOR_S + 1) * _SAME_FOR_S + VALID_FOR_S
        foreign = await self._blobs.link(record, expires - now, disposition_of(record))
        if foreign is not None:
            return foreign
        signature = self._signature(record.id, str(expires))
        return f"{self._base}/v1/files/{record.id}?expires={expires}&signature={signature}"

    def check(self, blob_id: str, expires: int, signature: str) -> int:
        """Whether we signed this URL; returns for how many seconds it is valid.

        Raises:
            ParleyError: `forbidden`.
        """
        expected = self._signature(blob_id, str(expires))
        # As bytes, since it refuses to compare texts that are not ASCII.
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            raise ParleyError(Code.FORBIDDEN, "The signature of this URL is not valid.")
        left_s = expires - int(self._clock.now().timestamp())
        if left_s <= 0:
            raise ParleyError(
                Code.FORBIDDEN, "This URL has expired. Read the attachment again for a new one."
            )
        return left_s

    def _signature(self, blob_id: str, expires: str) -> str:
        digest = hmac.digest(self._key, f"{blob_id}\n{expires}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def disposition_of(record: BlobRecord) -> str:
    """The Content-Disposition of a file (RFC 6266)."""
    kind = "inline" if record.media_type.startswith(_SHOWN) else "attachment"
    plain = record.name.encode("ascii", "replace").decode().replace("?", "_")
    plain = plain.replace("\\", "_").replace('"', "_")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(record.name, safe='')}"
