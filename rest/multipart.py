"""The texts and the one file of a multipart/form-data body (RFC 7578), parsed as it arrives."""

from collections.abc import AsyncIterator, Collection

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from marketplace.errors import Code, ParleyError, invalid

# The lines between the boundaries and the file, generously.
OVERHEAD_BYTES = 16 * 1024
_FIELD = "file"
_LONGEST_TEXT_BYTES = 2_000


class MultipartFile:
    """Call `begin`, which returns the file's name, and then read `chunks` to the end.

    `texts` are the names of other fields, which come before the file; their values are in `values`.
    """

    def __init__(
        self, content_type: str, body: AsyncIterator[bytes], texts: Collection[str] = ()
    ) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise ParleyError(Code.MALFORMED, "The Content-Type has no boundary.")
        self._body, self._texts = body, texts
        self.values: dict[str, str] = {}
        self._text_field: str | None = None
        self._name: str | None = None
        self._has_ended = False
        # What arrived in one piece stays one, however many pieces the parser makes of it.
        self._waiting = bytearray()
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_header,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._add_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
                max_header_count=8,
                max_header_size=4_096,
            )
        except FormParserError as error:
            raise _malformed() from error

    async def begin(self) -> str:
        """Read up to the file.

        Raises:
            ParleyError: `malformed`; `validation_failed` if there is another field.
        """
        while self._name is None:
            if not await self._read():
                raise invalid(_FIELD, "Missing data for required field.")
        return self._name

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file.

        Raises:
            ParleyError: `malformed` if the body ends before its last boundary; `validation_failed`
                if another field follows.
        """
        while True:
            if self._waiting:
                piece = bytes(self._waiting)
                self._waiting.clear()
                yield piece
            if not await self._read():
                break
        if not self._has_ended:
            raise _malformed()

    async def _read(self) -> bool:
        """Parse what arrives next; False at the end of the body."""
        async for chunk in self._body:
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise _malformed() from error
            return True
        return False

    def _begin_part(self) -> None:
        if self._name is not None:
            raise invalid("$", "Send one file in one request, after all other fields.")
        self._disposition = b""

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        field = options.get(b"name", b"").decode(errors="replace")
        if field in self._texts and field not in self.values and b"filename" not in options:
            self._text_field = field
            return
        if field != _FIELD:
            raise invalid(field or "$", "Unknown field.")
        if b"filename" not in options:
            raise invalid(_FIELD, "Send a file, with a name.")
        self._name = _filename(options[b"filename"])

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._waiting += data[start:end]
        if self._text_field is not None and len(self._waiting) > _LONGEST_TEXT_BYTES:
            raise invalid(self._text_field, "Too long.")

    def _end_part(self) -> None:
        if self._text_field is not None:
            self.values[self._text_field] = self._waiting.decode(errors="replace")
            self._text_field = None
            self._waiting.clear()

    def _end(self) -> None:
        self._has_ended = True


def _filename(sent: bytes) -> str:
    """The name as it was before its three forbidden characters were escaped (WHATWG HTML, forms)."""
    name = sent.decode(errors="replace")
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _malformed() -> ParleyError:
    return ParleyError(Code.MALFORMED, "The body is not complete multipart/form-data (RFC 7578).")
