"""SendGrid's official client against the sandbox."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from python_http_client.exceptions import (
    BadRequestsError,
    HTTPError,
    UnauthorizedError,
)
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Content, CustomArg, From, Mail, Personalization, To
from yarl import URL

from embedded.sandbox.deliveries import Channel, Deliveries
from embedded.sandbox.sendgrid import MAX_BODY_BYTES
from embedded.sandbox.server import Account


def a_mail(to: str = "vera@example.com") -> Mail:
    """An email as notify sends it: text, HTML, and custom_args in the personalization."""
    mail = Mail()
    mail.from_email = From("notifications@parley.example", "Parley")
    mail.subject = "A new quote"
    mail.add_content(Content("text/plain", "Somebody made you a quote."))
    mail.add_content(Content("text/html", "<p>Somebody made you a <b>quote</b>.</p>"))
    personalization = Personalization()
    personalization.add_to(To(to))
    personalization.add_custom_arg(CustomArg("notification_id", "n-1"))
    mail.add_personalization(personalization)
    return mail


def a_body(**changes: Any) -> dict[str, Any]:
    """The JSON of a valid email, with members replaced, or omitted where the change is None."""
    body: dict[str, Any] = a_mail().get() | changes
    return {name: value for name, value in body.items() if value is not None}


async def send(client: SendGridAPIClient, mail: Mail | dict[str, Any]) -> Any:
    """Send with the blocking client, in a thread, because the sandbox runs on this event loop."""
    return await asyncio.to_thread(client.send, mail)


async def refusal(client: SendGridAPIClient, mail: Mail | dict[str, Any]) -> HTTPError:
    """Send, and return the error."""
    with pytest.raises(HTTPError) as caught:
        await send(client, mail)
    return caught.value


async def test_mail_is_accepted(mail_client: SendGridAPIClient, deliveries: Deliveries) -> None:
    """A valid email gets 202, no body and an X-Message-Id, and is in the mailbox unchanged."""
    response = await send(mail_client, a_mail())

    assert response.status_code == 202
    assert response.body == b""
    (delivery,) = deliveries.newest_first()
    assert delivery.submission.provider_id == response.headers["X-Message-Id"]
    assert delivery.submission.channel is Channel.EMAIL
    assert delivery.submission.to == "vera@example.com"
    assert delivery.submission.sender == "notifications@parley.example"
    assert delivery.submission.subject == "A new quote"
    assert delivery.submission.text == "Somebody made you a quote."
    assert delivery.submission.html == "<p>Somebody made you a <b>quote</b>.</p>"
    assert delivery.submission.custom_args == {"notification_id": "n-1"}


async def test_each_recipient_gets_a_delivery(
    mail_client: SendGridAPIClient, deliveries: Deliveries
) -> None:
    """Every recipient gets a delivery with its personalization's values, all with one message id."""
    body = a_body(
        personalizations=[
            {"to": [{"email": "a@example.com"}, {"email": "b@example.com"}]},
            {
                "to": [{"email": "c@example.com"}],
                "subject": "For you",
                "custom_args": {"batch": "2"},
            },
        ],
    )

    await send(mail_client, body)

    seen = [delivery.submission for delivery in deliveries.oldest_first()]
    assert [(s.to, s.subject, s.custom_args) for s in seen] == [
        ("a@example.com", "A new quote", {}),
        ("b@example.com", "A new quote", {}),
        ("c@example.com", "For you", {"batch": "2"}),
    ]
    assert len({s.provider_id for s in seen}) == 1


async def test_wrong_key_is_refused(url: str, deliveries: Deliveries) -> None:
    """A key that is not the account's gets SendGrid's 401."""
    client = SendGridAPIClient("SG.other.key", host=url)

    error = await refusal(client, a_mail())

    assert isinstance(error, UnauthorizedError)
    assert error.to_dict == {
        "errors": [
            {
                "message": "The provided authorization grant is invalid, expired, or revoked",
                "field": None,
            }
        ]
    }
    assert len(deliveries) == 0


async def test_missing_key_is_refused(http: aiohttp.ClientSession) -> None:
    """A missing Authorization header gets 401, too."""
    async with http.post("/v3/mail/send", json=a_body()) as response:
        assert response.status == 401
        assert (await response.json())["errors"][0]["message"]


async def test_scopes_of_the_key_are_listed(mail_client: SendGridAPIClient, url: str) -> None:
    """The scopes show whether the key may send email; a wrong key has none."""
    answer = await asyncio.to_thread(mail_client.client.scopes.get)
    assert "mail.send" in answer.to_dict["scopes"]

    with pytest.raises(UnauthorizedError):
        await asyncio.to_thread(SendGridAPIClient("SG.other", host=url).client.scopes.get)


def _to(*members: Any) -> dict[str, Any]:
    return {"personalizations": [{"to": list(members)}]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": None}, "personalizations"),
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": {"to": "x"}}, "personalizations"),
        ({"personalizations": ["x"]}, "personalizations.0"),
        ({"personalizations": [{}]}, "personalizations.0.to"),
        (_to(), "personalizations.0.to"),
        ({"personalizations": [{"to": "x@example.com"}]}, "personalizations.0.to"),
        (_to({"email": "no address"}), "personalizations.0.to.0.email"),
        (_to({"name": "Vera"}), "personalizations.0.to.0.email"),
        (_to("vera@example.com"), "personalizations.0.to.0.email"),
        ({"from": None}, "from.email"),
        ({"from": {"name": "Parley"}}, "from.email"),
        ({"from": {"email": "parley"}}, "from.email"),
        (
            {"personalizations": [{"to": [{"email": "a@b.example"}], "custom_args": {"n": 1}}]},
            "personalizations.0.custom_args",
        ),
        ({"from": {"email": "x@localhost"}}, "from.email"),
        ({"from": {"email": "x@[127.0.0.1]"}}, "from.email"),
        ({"from": {"email": "é@example.com"}}, "from.email"),
        ({"subject": None}, "subject"),
        ({"subject": 5}, "subject"),
        ({"content": None}, "content"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"content": [{"value": "hello"}]}, "content.0.type"),
        ({"content": ["hello"]}, "content.0.type"),
        (
            {
                "content": [
                    {"type": "text/html", "value": "<p>a</p>"},
                    {"type": "text/plain", "value": "a"},
                ]
            },
            "content",
        ),
    ],
)
async def test_invalid_member_is_named(
    mail_client: SendGridAPIClient, deliveries: Deliveries, changes: dict[str, Any], field: str
) -> None:
    """An invalid email gets 400, which names the invalid member."""
    error = await refusal(mail_client, a_body(**changes))

    assert isinstance(error, BadRequestsError)
    problems = error.to_dict["errors"]
    assert [problem["field"] for problem in problems] == [field]
    assert all(set(problem) == {"message", "field"} for problem in problems)
    assert problems[0]["message"]
    assert len(deliveries) == 0


async def test_size_is_limited(http: aiohttp.ClientSession, account: Account) -> None:
    """More than 30 MB gets 413 in SendGrid's form, even if sent without a length."""
    piece = b" " * 1_000_000

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // len(piece) + 1):
            yield piece

    headers = {
        "Authorization": f"Bearer {account.sendgrid_api_key}",
        "Content-Type": "application/json",
    }
    async with http.post("/v3/mail/send", data=pieces(), headers=headers) as response:
        assert response.status == 413
        assert (await response.json())["errors"][0]["message"]


async def test_declared_size_is_limited(url: str, account: Account) -> None:
    """A declared length of more than 30 MB is refused before the body arrives."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
    head = (
        "POST /v3/mail/send HTTP/1.1\r\nHost: sandbox\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {account.sendgrid_api_key}\r\n"
        f"Content-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
    )
    writer.write(head.encode())
    async with asyncio.timeout(5):
        status_line = await reader.readline()
    writer.close()

    assert status_line.split()[1] == b"413"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 400),
        (json.dumps(a_body()).encode(), "text/plain", 415),
    ],
)
async def test_unreadable_body_is_refused(
    http: aiohttp.ClientSession, account: Account, body: bytes, content_type: str, status: int
) -> None:
    """A body that is not a JSON object gets an error in SendGrid's form."""
    headers = {
        "Authorization": f"Bearer {account.sendgrid_api_key}",
        "Content-Type": content_type,
    }
    async with http.post("/v3/mail/send", data=body, headers=headers) as response:
        assert response.status == status
        assert (await response.json())["errors"][0]["message"]


@pytest.mark.parametrize(
    "call",
    [lambda client: client.client.mail.send.get(), lambda client: client.client.nothing.get()],
)
async def test_other_paths_answer_in_sendgrids_form(
    mail_client: SendGridAPIClient, call: Callable[[SendGridAPIClient], Any]
) -> None:
    """Paths that the sandbox lacks are refused as JSON with errors, so that clients can parse it."""
    with pytest.raises(HTTPError) as caught:
        await asyncio.to_thread(call, mail_client)

    assert caught.value.status_code in (404, 405)
    assert caught.value.to_dict["errors"][0]["message"]
