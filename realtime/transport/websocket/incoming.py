"""Incoming websocket frames to complete text messages.

The official clients nearly always send the same: a masked text frame, unfragmented, below 64 kB,
complete within one read. Such a frame is parsed here in 1 µs, where the library's parser needs 7.
Anything else (a fragment, a control frame, a reserved bit, no mask, a 64-bit length) goes to
`websockets`, and so does everything after it on this connection: this is no second implementation
of the standard, only a fast path for its commonest case.
"""

from collections import deque

from websockets.frames import Frame, Opcode
from websockets.protocol import Event, Protocol, Side, State
from websockets.speedups import apply_mask

from marketplace.errors import BaseError

_TEXT_IN_ONE_PIECE = 0x81
_MASKED = 0x80
_EXTENDED_16, _EXTENDED_64 = 126, 127


# The library takes 7 µs for a ping of six bytes, and one read returns up to 256 kB.
SLICE_BYTES = 2_048


class BinaryMessageError(BaseError):
    """A binary message: no call accepts one."""


class Incoming:
    """The received bytes of one connection that have not been consumed yet."""

    __slots__ = (
        "_at",
        "_buffer",
        "_events",
        "_is_binary",
        "_max_bytes",
        "_pieces",
        "_protocol",
        "frames_in_slice",
    )

    def __init__(self, max_bytes: int) -> None:
        self._buffer: bytes | bytearray = b""
        self._at = 0
        self._max_bytes = max_bytes
        # Created at the first frame that is not plain; an idle connection has none of these.
        self._protocol: Protocol | None = None
        self._events: deque[Event] | None = None
        self._pieces: list[bytes] | None = None
        # Frames that the library parsed in the last slice.
        self.frames_in_slice = 0
        # Whether the fragmented message being received is a binary one.
        self._is_binary = False

    def feed(self, data: bytes) -> None:
        """Append what was read."""
        if self._at == len(self._buffer):
            self._buffer, self._at = data, 0
            return
        # A bytearray grows in place: a frame that arrives byte by byte is not copied for each byte.
        # Consumed bytes are removed first: otherwise, if no read ever ends at the end of a frame,
        # the buffer would grow for ever.
        if isinstance(self._buffer, bytearray):
            del self._buffer[: self._at]
        else:
            self._buffer = bytearray(memoryview(self._buffer)[self._at :])
        self._at = 0
        self._buffer += data

    def next_message(self) -> bytes | None:
        """Consume the next text message; None when none is complete, or when `has_more` is set.

        With `has_more` set, the caller may try again at once.

        Raises:
            BinaryMessageError: the next message is a binary one, which is skipped.
        """
        if self._protocol is None:
            message = self._next_plain()
            if message is not None or self._protocol is None:
                return message
        return self._next_from_library(self._protocol)

    def to_send(self) -> list[bytes]:
        """The replies that the standard requires: pongs, a close frame; b"" for the stream's end."""
        return [] if self._protocol is None else self._protocol.data_to_send()

    def clear(self) -> None:
        """Discard what has not been consumed."""
        self._buffer, self._at = b"", 0
        self._events = self._pieces = None

    @property
    def has_more(self) -> bool:
        """Whether there are unparsed bytes: the library gets them in slices."""
        return self._protocol is not None and self._at < len(self._buffer)

    @property
    def is_closed(self) -> bool:
        """Whether the peer closed the websocket or violated the standard."""
        return self._protocol is not None and self._protocol.state is not State.OPEN

    @property
    def is_malformed(self) -> bool:
        """Whether the peer violated the standard."""
        return self._protocol is not None and self._protocol.parser_exc is not None

    def _next_plain(self) -> bytes | None:
        """The next message, if it is of the common kind and complete."""
        buffer, at = self._buffer, self._at
        available = len(buffer) - at
        if available < 2:
            return None
        size = buffer[at + 1] - _MASKED
        if buffer[at] != _TEXT_IN_ONE_PIECE or not 0 <= size < _EXTENDED_64:
            self._protocol = self._library()
            return None
        start = at + 6
        if size == _EXTENDED_16:
            if available < 4:
                return None
            size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 8
            if size > self._max_bytes:
                self._protocol = self._library()
                return None
        end = start + size
        if len(buffer) < end:
            return None
        self._at = end
        payload = apply_mask(buffer[start:end], buffer[start - 4 : start])
        if end == len(buffer):
            self._buffer, self._at = b"", 0
        return payload

    def _library(self) -> Protocol:
        return Protocol(Side.SERVER, state=State.OPEN, max_size=self._max_bytes)

    def _next_from_library(self, protocol: Protocol) -> bytes | None:
        if self._events is None or self._pieces is None:
            self._events, self._pieces = deque(), []
        if not self._events and self._at < len(self._buffer):
            end = self._at + SLICE_BYTES
            protocol.receive_data(bytes(self._buffer[self._at : end]))
            self._events.extend(protocol.events_received())
            self.frames_in_slice = len(self._events)
            self._at = end
            if end >= len(self._buffer):
                self._buffer, self._at = b"", 0
        while self._events:
            frame = self._events.popleft()
            if not isinstance(frame, Frame):
                continue
            if frame.opcode is Opcode.BINARY:
                self._is_binary = True
            if self._is_binary and frame.opcode in (Opcode.BINARY, Opcode.CONT):
                if frame.fin:
                    self._is_binary = False
                    raise BinaryMessageError
            elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
                if frame.data:  # empty ones count towards no limit, and may be endless
                    self._pieces.append(bytes(frame.data))
                if frame.fin:
                    whole = b"".join(self._pieces)
                    self._pieces.clear()
                    return whole
        return None
