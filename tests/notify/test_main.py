"""The process: Kafka in, email and SMS out, health, metrics, and SIGTERM."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from marketplace import events
from marketplace.actions.events import match_event, quote_event
from marketplace.domain.conversations import Entry
from marketplace.domain.notifications import NotificationState
from marketplace.events import Event
from marketplace.ids import new_id
from marketplace.kafka import EventProducer, Record, ensure_topics
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.builders import a_message, a_quote, an_actor
from tests.notify.conftest import ACCOUNT, Sandbox
from tests.notify.helpers import Case, a_case, keep, of_account, states, written_message

CHECKOUT = Path(__file__).parents[2]
CONVERSATIONS = 20
SETTLED = (NotificationState.SENT, NotificationState.FAILED)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _until(condition: Callable[[], Awaitable[bool]], at_most_s: float = 240) -> None:
    async with asyncio.timeout(at_most_s):
        while not await condition():  # noqa: ASYNC110 # another process's state
            await asyncio.sleep(0.05)


class Service:
    """A running `python -m notify`."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    async def get(self, path: str) -> tuple[int, str]:
        """Request a path; returns status and body, with status 0 while nothing listens."""
        try:
            async with aiohttp.ClientSession() as http, http.get(self.url + path) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientConnectionError:
            return 0, ""

    async def is_ready(self) -> bool:
        """Whether the process reports that it is ready; fails if it has exited."""
        assert self.process.returncode is None, self.log.read_text()
        return (await self.get("/health/ready"))[0] == 200


@asynccontextmanager
async def _service(
    settings: Settings,
    sandbox: Sandbox,
    log: Path,
    sendgrid_api_key: str = ACCOUNT.sendgrid_api_key,
) -> AsyncIterator[Service]:
    port = _free_port()
    environment = {
        "MONGODB_URL": settings.mongodb_url,
        "MONGODB_DATABASE": settings.mongodb_database,
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "REDIS_URL": settings.redis_url,
        "PARLEY_TOKEN_SECRET": settings.token_secret,
        "PARLEY_BIND_PORT": str(port),
        "PARLEY_PROCESS_NAME": log.stem,
        "PARLEY_LOG_LEVEL": "DEBUG",
        "SENDGRID_API_KEY": sendgrid_api_key,
        "SENDGRID_API_URL": sandbox.url,
        "TWILIO_ACCOUNT_SID": ACCOUNT.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": ACCOUNT.twilio_auth_token,
        "TWILIO_API_URL": sandbox.url,
        "TWILIO_FROM_NUMBER": ACCOUNT.twilio_from_number,
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "notify",
            cwd=CHECKOUT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
    try:
        yield Service(process, f"http://127.0.0.1:{port}", log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _produce(settings: Settings, *happened: Event) -> None:
    producer = EventProducer(settings.kafka_bootstrap_servers)
    await producer.send(
        [Record(event.topic, event.key, events.encode(event)) for event in happened]
    )
    await producer.close()


@pytest.mark.usefixtures("kafka_bootstrap_servers")
async def test_events_in_kafka_arrive_as_email_and_sms_once(
    settings: Settings, store: MongoStore, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Two processes that get every event twice send it once, log no text, and stop at SIGTERM."""
    case = await keep(store, a_case())
    words = f"private words {new_id()}"
    offered = match_event("match.offered", case.match, an_actor())
    quote = a_quote(
        rfi_id=case.rfi.id, customer_id=case.customer.id, conversation_id=case.conversation.id
    )
    quoted = quote_event("quote.submitted", quote, an_actor())
    message = a_message(
        conversation_id=case.conversation.id, sender_id=case.customer.id, body=words
    )
    sent = written_message(await store.entries.add_next(message))
    await ensure_topics(settings.kafka_bootstrap_servers)

    async with (
        _service(settings, sandbox, tmp_path / "notify-1.log") as first,
        _service(settings, sandbox, tmp_path / "notify-2.log") as second,
    ):
        await asyncio.gather(_until(first.is_ready), _until(second.is_ready))
        await _produce(settings, offered, quoted, sent, sent, quoted, offered)

        async def all_arrived() -> bool:
            return len(sandbox.arrived()) >= 4

        await _until(all_arrived)
        assert sorted(
            (submission.to, submission.channel.value) for submission in sandbox.arrived()
        ) == sorted(
            [
                (case.vendor.email, "email"),
                (case.vendor.phone, "sms"),
                (case.customer.email, "email"),
                (case.vendor.email, "email"),
            ]
        )
        metrics = [(await service.get("/metrics"))[1] for service in (first, second)]
        assert all("parley_notifications_due " in text for text in metrics)
        assert any("parley_notification_outcomes_total{" in text for text in metrics)

        for service in (first, second):
            service.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            codes = [await service.process.wait() for service in (first, second)]
        assert codes == [0, 0], first.log.read_text() + second.log.read_text()

    logs = first.log.read_text() + second.log.read_text()
    assert len(sandbox.arrived()) == 4
    assert '"message":"stopped"' in logs
    for secret in (words, ACCOUNT.sendgrid_api_key, ACCOUNT.twilio_auth_token, case.vendor.email):
        assert secret not in logs


async def test_a_refused_key_ends_the_process_with_one_sentence(
    settings: Settings, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The error names the variable, and no part of its value appears in the log."""
    key = "SG.a-key-of-another.account"
    async with _service(settings, sandbox, tmp_path / "notify-1.log", key) as service:
        async with asyncio.timeout(120):
            code = await service.process.wait()

    log = service.log.read_text()
    assert code == 1
    assert log.splitlines()[-1].startswith("SENDGRID_API_KEY: SendGrid rejected the key")
    assert "Traceback" not in log
    assert key not in log


def _numbered(case: Case, number: int) -> Entry:
    return a_message(
        conversation_id=case.conversation.id,
        sender_id=case.customer.id,
        body=f"number {number}",
    )


@pytest.mark.usefixtures("kafka_bootstrap_servers")
async def test_a_kill_during_chat_leaves_each_message_notified_once(
    settings: Settings, store: MongoStore, sandbox: Sandbox, tmp_path: Path
) -> None:
    """`kill -9` while messages to absent people arrive; another process takes over.

    Every message is in exactly one email, however its digest was opened, extended, claimed and
    sent.
    """
    cases = [await keep(store, a_case()) for _ in range(CONVERSATIONS)]
    messages = [
        written_message(await store.entries.add_next(_numbered(case, number)))
        for number in range(1, 5)
        for case in cases
    ]
    await ensure_topics(settings.kafka_bootstrap_servers)

    async def are_open() -> bool:
        return await store.database["notifications"].count_documents({}) > CONVERSATIONS // 3

    async with _service(settings, sandbox, tmp_path / "notify-1.log") as first:
        await _until(first.is_ready)
        producing = asyncio.create_task(_produce(settings, *messages[: len(messages) // 2]))
        await _until(are_open)
        first.process.kill()
        await producing
    async with _service(settings, sandbox, tmp_path / "notify-2.log") as second:
        await _until(second.is_ready)
        await _produce(settings, *messages[len(messages) // 2 :])

        async def all_are_settled() -> bool:
            covered = await store.notifications.latest_digests(
                [f"{case.conversation.id}:{case.vendor.id}" for case in cases]
            )
            return len(covered) == CONVERSATIONS and all(
                digest.data["sequence"] == 4 and digest.state in SETTLED
                for digest in covered.values()
            )

        await _until(all_are_settled)

    for case in cases:
        digests = await of_account(store, case.vendor.id)
        windows = [(digest.data["first_sequence"], digest.data["sequence"]) for digest in digests]
        numbers = [number for first, last in windows for number in range(first, last + 1)]
        assert sorted(numbers) == [1, 2, 3, 4], windows
        arrived = [
            submission for submission in sandbox.arrived() if submission.to == case.vendor.email
        ]
        # An attempt that the kill interrupted may or may not have arrived; it is never repeated.
        assert states(digests).count((NotificationState.SENT, None)) <= len(arrived) <= len(digests)
