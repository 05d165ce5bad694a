"""Sends through the official clients, and the faults they meet."""

import asyncio
from typing import Any

import aiohttp
from sendgrid import SendGridAPIClient
from twilio.rest import Client


async def put(http: aiohttp.ClientSession, *faults: dict[str, Any]) -> None:
    """Put faults in force."""
    async with http.put("/sandbox/faults", json=list(faults)) as response:
        assert response.status == 200, await response.text()


async def remaining(http: aiohttp.ClientSession) -> list[dict[str, Any]]:
    """The faults that are still in force."""
    async with http.get("/sandbox/faults") as response:
        items: list[dict[str, Any]] = (await response.json())["items"]
        return items


async def email(client: SendGridAPIClient, to: str = "vera@example.com") -> Any:
    """Send an email."""
    body = {
        "personalizations": [{"to": [{"email": to}]}],
        "from": {"email": "notifications@parley.example"},
        "subject": "Hello",
        "content": [{"type": "text/plain", "value": "Hello"}],
    }
    return await asyncio.to_thread(client.send, body)


async def sms(client: Client, to: str = "+14155550100") -> Any:
    """Send an SMS."""
    return await asyncio.to_thread(
        client.messages.create, to=to, from_="+15005550006", body="Hello"
    )
