"""The registry of connections, from the handshake to the end and through upgrades; nothing is left."""

from types import SimpleNamespace

import pytest

from realtime.transport.clients import NAMESPACE, Clients


class Socket:
    """As much of a session as the manager uses."""

    client_id: str | None = None


@pytest.fixture
def clients() -> Clients:
    """A manager that assigns the ids `c1`, `c2`, …"""
    manager = Clients()
    numbers = iter(range(1, 1_000))
    engine = SimpleNamespace(sockets={}, generate_id=lambda: f"c{next(numbers)}")
    manager.server = SimpleNamespace(eio=engine)
    return manager


async def connected(clients: Clients, eio_sid: str) -> tuple[str, Socket]:
    """Create a session whose handshake was answered."""
    socket = clients.server.eio.sockets[eio_sid] = Socket()
    sid = await clients.pre_connect(eio_sid, NAMESPACE)
    assert sid is not None
    await clients.connect(sid, NAMESPACE)
    return sid, socket


def is_empty(clients: Clients) -> bool:
    """Whether no state of any connection is left."""
    return not (clients.sockets or clients._sids or clients._eio_sids)


async def test_a_client_is_found_by_both_ids_until_it_is_forgotten(clients: Clients) -> None:
    """A client is found by both of its ids, and by no other's, until it is forgotten."""
    one, two = await connected(clients, "e1"), await connected(clients, "e2")

    for (sid, socket), eio_sid in ((one, "e1"), (two, "e2")):
        assert clients.sid_from_eio_sid(eio_sid, NAMESPACE) == sid
        assert clients.eio_sid_from_sid(sid, NAMESPACE) == eio_sid
        assert (clients.sockets[sid], socket.client_id) == (socket, sid)
        await clients.disconnect(sid, NAMESPACE, ignore_queue=True)
        assert clients.sid_from_eio_sid(eio_sid, NAMESPACE) is None
    assert is_empty(clients)


async def test_no_push_precedes_the_answer_to_the_handshake(clients: Clients) -> None:
    """A client has an id before its handshake is answered, but is not connected."""
    clients.server.eio.sockets["e1"] = Socket()
    sid = await clients.pre_connect("e1", NAMESPACE)

    assert sid is not None
    assert (clients.sockets, clients.is_connected(sid, NAMESPACE)) == ({}, False)
    await clients.connect(sid, NAMESPACE)
    assert clients.is_connected(sid, NAMESPACE)


async def test_a_session_has_one_client(clients: Clients) -> None:
    """A second handshake is refused while the first is pending, and after it."""
    assert await clients.pre_connect("e1", "/admin") is None
    assert await clients.pre_connect("e1", NAMESPACE) == "c1"
    assert await clients.pre_connect("e1", NAMESPACE) is None
    await clients.connect("c1", NAMESPACE)
    assert await clients.pre_connect("e1", NAMESPACE) is None

    await clients.disconnect("c1", NAMESPACE)

    assert await clients.pre_connect("e1", NAMESPACE) == "c2"
    assert list(clients.get_namespaces()) == [NAMESPACE]


async def test_a_session_that_ended_during_its_handshake_is_not_connected(clients: Clients) -> None:
    """A session that closed before its handshake was answered is not connected."""
    sid = await clients.pre_connect("e1", NAMESPACE)
    assert sid is not None

    await clients.connect(sid, NAMESPACE)

    assert not clients.is_connected(sid, NAMESPACE)
    await clients.disconnect(sid, NAMESPACE)
    assert is_empty(clients)


async def test_an_upgrade_replaces_the_polling_session(clients: Clients) -> None:
    """An upgrade replaces a polling session, but only a connected one."""
    sid, _ = await connected(clients, "e1")
    upgraded = Socket()

    assert clients.replace("e1", upgraded) == sid
    assert clients.sockets[sid] is upgraded
    assert clients.replace("e2", upgraded) is None
    await clients.pre_connect("e3", NAMESPACE)
    assert clients.replace("e3", upgraded) is None


async def test_a_disconnecting_client_gets_no_pushes(clients: Clients) -> None:
    """Once the end begins, nothing is pushed; without a client id, the wheel ends the session.

    The ids remain until the end is reported.
    """
    sid, socket = await connected(clients, "e1")

    assert clients.pre_disconnect(sid, NAMESPACE) == "e1"

    assert (clients.sockets, socket.client_id) == ({}, None)
    assert not clients.is_connected(sid, NAMESPACE)
    assert clients.sid_from_eio_sid("e1", NAMESPACE) == sid
    await clients.disconnect(sid, NAMESPACE)
    assert clients.pre_disconnect(sid, NAMESPACE) is None
    assert is_empty(clients)


async def test_unknown_ids_are_harmless(clients: Clients) -> None:
    """Looking them up or disconnecting them is harmless, whether never connected or already gone."""
    assert clients.sid_from_eio_sid("e9", NAMESPACE) is None
    assert clients.eio_sid_from_sid("c9", NAMESPACE) is None
    await clients.disconnect("c9", NAMESPACE)
    assert is_empty(clients)
