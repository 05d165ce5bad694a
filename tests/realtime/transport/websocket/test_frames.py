"""Outgoing frames, parsed by the client side of `websockets`."""

import orjson
import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, Protocol, Side, State

from realtime.transport.websocket.frames import PING, acknowledgement_frame, event_frame, text_frame


def read_back(data: bytes) -> list[Event]:
    """Parse bytes from the server as a client does."""
    client = Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
    client.receive_data(data)
    assert client.parser_exc is None
    return client.events_received()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])
def test_a_text_of_any_size_is_one_frame(size: int) -> None:
    """The sizes include those around which the encoding of the length changes."""
    payload = bytes(97 + n % 26 for n in range(size))

    assert read_back(text_frame(payload) * 2) == [Frame(Opcode.TEXT, payload, fin=True)] * 2


def test_an_event_is_a_socket_io_event_in_an_engine_io_message() -> None:
    """The text is `42`, then the name and the data as JSON."""
    frames = read_back(event_frame("message.sent", {"body": "grüezi ✓"}))

    assert [received.data[:2] for received in frames if isinstance(received, Frame)] == [b"42"]
    assert [
        orjson.loads(received.data[2:]) for received in frames if isinstance(received, Frame)
    ] == [["message.sent", {"body": "grüezi ✓"}]]


def test_an_acknowledgement_carries_the_id_of_its_call() -> None:
    """The id is unchanged, whatever its length: the app compares it."""
    digits = b"0123456789" * 4

    (frame,) = read_back(acknowledgement_frame(digits, {"ok": True}))

    assert frame == Frame(Opcode.TEXT, b"43" + digits + b'[{"ok":true}]')


def test_the_ping_is_an_engine_io_text_frame() -> None:
    """The ping is Engine.IO's text frame, because script in a browser answers it."""
    assert read_back(PING) == [Frame(Opcode.TEXT, b"2")]
