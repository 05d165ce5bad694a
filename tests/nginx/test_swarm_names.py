"""Gateways that are not known beforehand: DNS finds them, and the task name routes their sessions.

A small real DNS server on the loopback address replaces Docker's; the gateways listen on different
loopback addresses at the same port, as the tasks of one service do.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import aiohttp
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from embedded.supervision import ports
from tests.nginx.backends import Backend, echo, gateway
from tests.nginx.conftest import running_nginx

TASKS = (
    "parley_realtime.1.abcdefghijklmnopqrstuvwxy",
    "parley_realtime.2.1234567890abcdefghijklmno",
)


class NameServer(asyncio.DatagramProtocol):
    """Answers A questions from a table that tests may change; other names do not exist."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self._table = table

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for answers."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        name = question.question[0].name
        addresses = self._table.get(name.to_text(omit_final_dot=True), [])
        if addresses:
            answer.answer.append(dns.rrset.from_text_list(name, 1, "IN", "A", addresses))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def table() -> dict[str, list[str]]:
    """Return the names in DNS: the services' tasks, and each task under its own name."""
    return {
        "tasks.rest": ["127.0.0.1"],
        "tasks.realtime": ["127.0.0.2", "127.0.0.3"],
        TASKS[0]: ["127.0.0.2"],
        TASKS[1]: ["127.0.0.3"],
        "secret.internal": ["127.0.0.4"],
    }


@pytest.fixture
async def swarm(page: Path, table: dict[str, list[str]]) -> AsyncIterator[aiohttp.ClientSession]:
    """Run nginx in its Swarm configuration in front of two gateways; yields a client of it."""
    port, dns_port = ports.choose(), ports.choose()
    rest = echo("rest")
    backends: list[Backend] = [
        rest,
        gateway(TASKS[0], "127.0.0.2", port),
        gateway(TASKS[1], "127.0.0.3", port),
    ]
    for backend in backends:
        await backend.start()
    names, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(table), local_addr=("127.0.0.1", dns_port)
    )
    environment = {
        "PARLEY_WEB_ROOT": str(page),
        "PARLEY_REST_UPSTREAMS": f"tasks.rest:{rest.port}",
        "PARLEY_REALTIME_UPSTREAMS": f"tasks.realtime:{port}",
        "PARLEY_RESOLVER": f"127.0.0.1:{dns_port}",
    }
    async with running_nginx(environment) as url, aiohttp.ClientSession(url) as client:
        async with asyncio.timeout(5):
            while (await client.get("/v1/me")).status != 200:  # noqa: ASYNC110 (DNS is polled)
                await asyncio.sleep(0.05)
        yield client
    names.close()
    for backend in backends:
        await backend.stop()


async def handshake(client: aiohttp.ClientSession) -> str:
    """Open a polling session and return its id."""
    response = await client.get("/socket.io/?EIO=4&transport=polling")
    assert response.status == 200
    return (await response.text()).partition('"sid":"')[2].partition('"')[0]


async def test_requests_of_a_session_reach_its_task(swarm: aiohttp.ClientSession) -> None:
    """New sessions are spread over the tasks, and each later request reaches the session's task."""
    sessions = [await handshake(swarm) for _ in range(8)]

    for sid in sessions:
        response = await swarm.post(f"/socket.io/?EIO=4&transport=polling&sid={sid}", data="40")
        assert (response.status, await response.text()) == (200, "OK")
    assert {sid.rpartition(".")[0] for sid in sessions} == set(TASKS)


async def test_sessions_of_a_removed_task_get_502_at_once(
    swarm: aiohttp.ClientSession, table: dict[str, list[str]]
) -> None:
    """If a task leaves DNS, its sessions end with 502 and new ones go to the remaining tasks."""
    gone = f"parley_realtime.9.{'z' * 25}.abc"
    response = await swarm.get(f"/socket.io/?EIO=4&transport=polling&sid={gone}")
    assert response.status == 502

    table["tasks.realtime"] = ["127.0.0.3"]
    async with asyncio.timeout(5):
        while {(await handshake(swarm)).rpartition(".")[0] for _ in range(4)} != {TASKS[1]}:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("sid", ["secret.internal.x", f"parley_rest.1.{'a' * 25}.x", "127.0.0.4.x"])
async def test_a_session_id_reaches_only_the_gateways_service(
    swarm: aiohttp.ClientSession, sid: str
) -> None:
    """An id reaches only tasks of the gateways' service; with any other, some gateway answers."""
    response = await swarm.get(f"/socket.io/?EIO=4&transport=polling&sid={sid}")

    assert response.status == 400
