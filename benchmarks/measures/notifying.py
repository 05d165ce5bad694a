"""Whether notify keeps up with a gateway at full persisted rate, and if a match waits for chat.

All recipients are away, since notify reads presence from an empty Valkey database.  So every
message calls for a notification.
"""

import asyncio
import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.load import Figures
from benchmarks.results import Found, Row, number
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, Site
from benchmarks.usage import metric
from embedded.errors import StackError
from marketplace.actions.events import match_event
from marketplace.domain.accounts import Actor, Role
from marketplace.ports import Repositories
from marketplace.settings import from_environment
from marketplace.storage import open_store

_RELAY, _SANDBOX, _NOTIFY, _KAFKA = "relay", "sandbox", "notify", "kafka"
_HANDLED = "parley_kafka_records_handled_total"
_RELAYED = "parley_relay_records_total"
_CHAT = 'topic="conversations"'
_LAG_GONE_WITHIN_S = 10.0
_SENT_WITHIN_S = 2.0
_BACKLOG_SHRINKS_BY = 5_000
_GIVE_UP_AFTER_S = 300.0
_LOOK_EVERY_S = 0.02


def measure(site: Site, scale: Scale) -> Found:
    """A load beside notify, with a match in the middle; then notify started on a backlog."""
    with _running(site) as (gateway, relay):
        beside_load = _beside_load(site, scale, gateway, relay)
        return Found([*beside_load, *_on_a_backlog(site, scale, gateway, relay)])


@contextmanager
def _running(site: Site) -> Iterator[tuple[str, str]]:
    if _KAFKA in site.names():
        site.start(_KAFKA)
    else:
        site.start_server(_KAFKA)
    sandbox = site.only(PARLEY, _RELAY, _SANDBOX)[_SANDBOX]
    redis_url = site.environment["REDIS_URL"]
    site.environment |= {
        "SENDGRID_API_URL": sandbox,
        "TWILIO_API_URL": sandbox,
        "REDIS_URL": redis_url.rpartition("/")[0] + "/1",
    }
    try:
        yield site.url(PARLEY), site.url(_RELAY)
    finally:
        site.environment["REDIS_URL"] = redis_url
        site.down(_NOTIFY, _RELAY, _SANDBOX, _KAFKA)


def _beside_load(site: Site, scale: Scale, gateway: str, relay: str) -> list[Row]:
    notify = site.up(_NOTIFY)
    _wait_until_still(relay, notify)
    before = metric(notify, _HANDLED, _CHAT)
    load, figures = _load(site, scale, gateway, scale.notify_s)
    time.sleep(scale.warm_up_s + scale.notify_s / 2)
    offer_s = _offer_time_s(site)
    load.join()
    ended_at = time.monotonic()
    sent = _sent(figures)
    left = before + sent - metric(notify, _HANDLED, _CHAT)
    lag_s = _handled_at(notify, before + sent) - ended_at
    return [
        Row(
            "notify beside a gateway at full rate, all recipients away: lag gone after its end",
            f"{number(max(0.0, lag_s))} s",
            "–",
            "–",
            f"≤ {_LAG_GONE_WITHIN_S:.0f} s",
            lag_s <= _LAG_GONE_WITHIN_S,
            f"{number(figures[0]['acknowledged_per_s'])} acknowledged/s for {scale.notify_s:g} s; "
            f"of {sent:,} messages {left:,.0f} not handled at the end of the load",
        ),
        _offer_row(
            "a match offered in the middle of it: committed, until the provider has it", offer_s
        ),
    ]


def _on_a_backlog(site: Site, scale: Scale, gateway: str, relay: str) -> list[Row]:
    site.down(_NOTIFY)
    backlog = 0
    while backlog < scale.notify_backlog:
        load, figures = _load(site, scale, gateway, scale.notify_s)
        load.join()
        backlog += _sent(figures)
    _wait_until_still(relay)
    notify = site.up(_NOTIFY)
    began_at, before = time.monotonic(), metric(notify, _HANDLED, _CHAT)
    offer_s = _offer_time_s(site)
    took_s = _handled_at(notify, backlog) - began_at
    rate = (backlog - before) / took_s
    return [
        _offer_row(f"the same with {backlog:,} chat records of backlog", offer_s),
        Row(
            "notify with such a backlog and no load: records/s",
            number(rate),
            "–",
            "–",
            f"≥ {_BACKLOG_SHRINKS_BY:,}",
            rate >= _BACKLOG_SHRINKS_BY,
            f"all handled {number(took_s)} s after notify was ready",
        ),
    ]


def _offer_row(name: str, offer_s: float) -> Row:
    target = f"≤ {_SENT_WITHIN_S:.0f} s"
    return Row(name, f"{number(offer_s)} s", "–", "–", target, offer_s <= _SENT_WITHIN_S)


def _load(
    site: Site, scale: Scale, url: str, length_s: float
) -> tuple[threading.Thread, list[Figures]]:
    figures: list[Figures] = []

    def run() -> None:
        figures.append(
            site.generator.run(
                "messages",
                url,
                conversations=scale.conversations,
                warm_up=f"{scale.warm_up_s}s",
                length=f"{length_s}s",
            )
        )

    load = threading.Thread(target=run)
    load.start()
    return load, figures


def _sent(figures: list[Figures]) -> int:
    if not figures:
        raise StackError("The load for notify failed.")
    return int(figures[0]["sent"])


def _offer_time_s(site: Site) -> float:
    """Commit `match.offered` for a seeded match, and time how long its email takes to the sandbox.

    Raises:
        StackError: the email does not arrive.
    """
    address = asyncio.run(_commit_offer(site))
    began_at = time.monotonic()
    while not _has_offer(site, address):
        if time.monotonic() - began_at > _GIVE_UP_AFTER_S:
            raise StackError("The provider was never told of the match.")
        time.sleep(_LOOK_EVERY_S)
    return time.monotonic() - began_at


async def _commit_offer(site: Site) -> str:
    store = await open_store(from_environment(site.environment))
    try:
        found = await store.database["matches"].find_one()
        if found is None:
            raise StackError("No match was seeded.")
        (match, *_) = await store.matches.of_rfi(found["rfi_id"])
        vendor = await store.accounts.get(match.vendor_id)
        if vendor is None:
            raise StackError("The seeded vendor is gone.")
        event = match_event("match.offered", match, Actor("benchmark", Role.SYSTEM))

        async def work(tx: Repositories) -> None:
            await tx.outbox.add(event)

        await _forget(site)
        await store.transact(work)
        return vendor.email
    finally:
        await store.close()


async def _forget(site: Site) -> None:
    """Empty the sandbox, so that an earlier offer is not mistaken for this one."""
    request = urllib.request.Request(  # noqa: S310 (our own)
        f"{site.url(_SANDBOX)}/sandbox/deliveries", method="DELETE"
    )
    await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=10).close())  # noqa: S310


def _has_offer(site: Site, address: str) -> bool:
    query = urllib.parse.urlencode({"to": address, "channel": "email", "limit": 200})
    url = f"{site.url(_SANDBOX)}/sandbox/deliveries?{query}"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (our own)
        items: list[dict[str, Any]] = json.load(answer)["items"]
    return any("New request" in (item.get("subject") or "") for item in items)


def _wait_until_still(relay: str, notify: str | None = None) -> None:
    """Wait until everything committed so far is in Kafka and, with `notify`, handled."""
    seen, still_since = (-1.0, -1.0), time.monotonic()
    while time.monotonic() - still_since < 2:
        handled = metric(notify, _HANDLED, _CHAT) if notify else 0.0
        if (now := (metric(relay, _RELAYED), handled)) != seen:
            seen, still_since = now, time.monotonic()
        time.sleep(0.1)


def _handled_at(notify: str, count: float) -> float:
    """The time at which `count` chat records were handled.

    Raises:
        StackError: they are not handled in time.
    """
    end = time.monotonic() + _GIVE_UP_AFTER_S
    while time.monotonic() < end:
        if metric(notify, _HANDLED, _CHAT) >= count:
            return time.monotonic()
        time.sleep(0.1)
    raise StackError("Notify did not handle everything.")
