"""Ports are free when chosen, and stay the same over restarts."""

import socket
from pathlib import Path

from embedded.supervision.ports import HOST, PortBook, choose, is_free


def test_a_chosen_port_is_free_and_below_the_ephemeral_range() -> None:
    """A chosen port can be listened on, and is below the kernel's range for outgoing connections."""
    port = choose()

    first_lent = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert is_free(port)
    assert port < max(first_lent, 32768)


def test_a_port_is_remembered_over_restarts(tmp_path: Path) -> None:
    """A later stack on the same folder gets the same port for the same name."""
    port = PortBook(tmp_path / "ports.json").port("rest")

    book = PortBook(tmp_path / "ports.json")

    assert book.port("rest") == port == book.known("rest")
    assert book.port("relay") != port


def test_a_taken_port_is_replaced(tmp_path: Path) -> None:
    """If another program now listens there, a new port is chosen and remembered."""
    port = PortBook(tmp_path / "ports.json").port("rest")

    with socket.create_server((HOST, port)):
        other = PortBook(tmp_path / "ports.json").port("rest")

    assert other != port
    assert PortBook(tmp_path / "ports.json").port("rest") == other
