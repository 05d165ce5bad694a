"""No log contains anything that would let its reader in."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import aiohttp
import httpx

from embedded.servers.running import Running
from tests.abuse.packets import SOCKET, Polling, call, client
from tests.abuse.play import People

PASSWORD = "a password that nobody may read"


async def test_logs_contain_no_credentials(unscaled: Running, seeded: People, data: Path) -> None:
    """Polling session ids, tokens and passwords stay out, even after errors."""
    url = unscaled.url("nginx")
    person = seeded.hostile[0]
    session = Polling(url, "127.0.4.1")
    async with session, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        await session.open(person["tokens"][0])
        await session.post(call(1, "fetch_entries", {"conversation_id": 7}), "nonsense")
        registered = await http.post(
            "/v1/accounts",
            json={
                "role": "customer",
                "email": "logs@people.example.com",
                "password": PASSWORD,
                "name": "Lea Logan",
            },
        )
        assert registered.status_code == 201, registered.text
        tokens = registered.json()
        await http.get(f"/v1/me?access_token={tokens['access_token']}")
        await http.get(f"/nowhere?token={tokens['refresh_token']}")
        await http.post("/v1/tokens/refresh", json={"refresh_token": tokens["refresh_token"] + "x"})
        await http.post(
            "/v1/tokens", json={"email": "logs@people.example.com", "password": PASSWORD}
        )
        await asyncio.to_thread(unscaled.stop, session.gateway)  # nginx fails over its session
        with suppress(OSError, aiohttp.ClientError):
            await session.poll()
        await _send_to(url, f"{SOCKET}polling&sid={session.id}", b"3")
        await _send_to(url, f"{SOCKET}websocket&sid={session.id}", None)
        await asyncio.to_thread(unscaled.stop, "rest")
        await http.get("/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        await asyncio.to_thread(unscaled.start, "rest")
        await asyncio.to_thread(unscaled.start, session.gateway)

    secrets = {
        "session id": session.id,
        "its secret part": session.id.partition(".")[2],
        "access token": tokens["access_token"].rpartition(".")[2],
        "refresh token": tokens["refresh_token"],
        "token of the socket": person["tokens"][0].rpartition(".")[2],
        "password": PASSWORD,
    }
    logs = {path.name: path.read_bytes() for path in (data / "logs").iterdir()}
    found_in = [
        (what, name)
        for what, secret in secrets.items()
        for name, text in logs.items()
        if secret.encode() in text
    ]
    assert found_in == []
    assert b'"status":"502"' in logs["nginx.log"], "nothing went wrong"
    for line in logs["nginx.log"].splitlines():
        if line.startswith(b"{"):
            assert "?" not in json.loads(line)["path"]


async def _send_to(url: str, path: str, body: bytes | None) -> None:
    async with client(url, "127.0.4.1") as http:
        with suppress(OSError, aiohttp.ClientError):
            async with http.request("GET" if body is None else "POST", path, data=body) as answer:
                await answer.read()
