"""Opens a process's real dependencies from the settings, and closes them in reverse order."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from marketplace import live
from marketplace.clamd import Clamd, NoScanner
from marketplace.derived_secrets import DerivedSecrets
from marketplace.domain.attachments import MIB
from marketplace.domain.policy import Policy
from marketplace.media.pool import MediaWorkers
from marketplace.passwords import Argon2Passwords
from marketplace.ports import Files, World
from marketplace.presence import RedisPresence
from marketplace.refresh_tokens import RefreshTokens
from marketplace.settings import Settings
from marketplace.storage import MongoStore, open_store
from marketplace.storage.entry_writer import EntryWriter
from marketplace.storage.gridfs import GridFsBlobs
from marketplace.tokens import Tokens

if TYPE_CHECKING:
    from marketplace.authenticators import WebAuthn
    from marketplace.s3 import S3Blobs

Check = Callable[[], Awaitable[None]]


class SystemClock:
    """This machine's clock, truncated to milliseconds, the precision that MongoDB stores."""

    def now(self) -> datetime:
        """The current time in UTC."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class Parts:
    """The real dependencies of one process."""

    settings: Settings
    world: World
    store: MongoStore
    redis: "Redis"
    announcer: live.Announcer
    tokens: Tokens
    refresh_tokens: RefreshTokens

    async def check_store(self) -> None:
        """Raise TemporaryError if MongoDB does not answer."""
        await self.store.ping()


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Open everything a process needs except Kafka; on exit, finish acknowledged work first.

    Raises:
        TemporaryError: MongoDB does not answer. Redis may be down: pushes are only hints.
    """
    clock = SystemClock()
    store = await open_store(settings)
    redis = live.connect(settings.redis_url)
    announcer = live.Announcer(redis)
    entry_writer = EntryWriter(store.entries)
    store.epoch.on_change(entry_writer.forget_heads)
    passwords = Argon2Passwords()
    media = MediaWorkers()
    s3 = _s3(settings)
    world = World(
        store=store,
        entry_log=entry_writer,
        live=announcer,
        presence=RedisPresence(redis, settings.process_name, clock),
        passwords=passwords,
        secrets=DerivedSecrets(settings.token_secret),
        authenticators=_authenticators(settings),
        clock=clock,
        files=Files(
            blobs=GridFsBlobs(store.database) if s3 is None else s3,
            media=media,
            scanner=Clamd(settings.clamd_address) if settings.clamd_address else NoScanner(),
        ),
        policy=_policy(settings),
    )
    try:
        yield Parts(
            settings,
            world,
            store,
            redis,
            announcer,
            Tokens(settings.token_secret, clock),
            RefreshTokens(settings.token_secret),
        )
    finally:
        await entry_writer.close()
        await announcer.close()
        passwords.close()
        await media.close()
        if s3 is not None:
            await s3.close()
        await redis.aclose()
        await store.close()


def _s3(settings: Settings) -> "S3Blobs | None":
    """The bucket for blobs, if a setting names one; its client alone takes 20 MB of memory."""
    if not settings.s3_bucket:
        return None
    from marketplace.s3 import S3Blobs  # noqa: PLC0415

    return S3Blobs(settings)


def _authenticators(settings: Settings) -> "Callable[[], WebAuthn]":
    """Loads WebAuthn when it is first used: it takes 8 MB and 0.4 s, and only `rest` uses it."""

    @cache
    def authenticators() -> "WebAuthn":
        from marketplace.authenticators import WebAuthn  # noqa: PLC0415

        return WebAuthn(settings.public_url)

    return authenticators


def _policy(settings: Settings) -> Policy:
    return Policy(
        offer_lifetime=timedelta(seconds=settings.offer_lifetime_s),
        answer_lifetime=timedelta(seconds=settings.answer_lifetime_s),
        draft_lifetime=timedelta(seconds=settings.draft_lifetime_s),
        open_lifetime=timedelta(seconds=settings.open_lifetime_s),
        award_cancellable=timedelta(seconds=settings.award_cancellable_s),
        most_open_rfis=settings.most_open_rfis,
        most_vendor_places=settings.most_vendor_places,
        most_submissions_a_day=settings.most_submissions_a_day,
        most_uploads_a_day=settings.most_uploads_a_day,
        most_upload_bytes_a_day=settings.most_upload_mib_a_day * MIB,
        most_stored_bytes=settings.most_stored_mib * MIB,
        requires_verified_email=settings.requires_verified_email,
        required_steps=settings.required_steps,
        required_documents=settings.required_documents,
        automatic_approval=settings.automatic_approval,
    ).scaled(settings.limit_scale)
