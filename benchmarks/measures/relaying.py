"""Whether the relay keeps up with one gateway at its full persisted rate."""

import asyncio
import threading
import time

from aiokafka import AIOKafkaConsumer

from benchmarks.load import Figures
from benchmarks.results import Found, Row, number
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, Site
from benchmarks.usage import metric
from embedded.errors import StackError

_RELAY = "relay"
_TOPIC = "conversations"
_RELAYED = "parley_relay_records_total"
_DRAINED_WITHIN_S = 5.0
_GIVE_UP_AFTER_S = 120.0
_LOOK_EVERY_S = 0.05


def measure(site: Site, scale: Scale) -> Found:
    """Full load beside the relay and Kafka: records during the load, and the lag after its end."""
    site.start_server("kafka")
    gateway, relay = site.only(PARLEY, _RELAY).values()
    _wait_until_still(relay)
    before = metric(relay, _RELAYED)
    records_before = asyncio.run(_records(site.kafka_bootstrap_servers))
    loads: list[Figures] = []
    load = threading.Thread(target=lambda: loads.append(_load(site, scale, gateway)))
    began_at = time.monotonic()
    load.start()
    load.join()
    ended_at = time.monotonic()
    if not loads:
        raise StackError("The load for the relay failed.")
    at_end = metric(relay, _RELAYED) - before
    drained_s = _drained(relay, before + loads[0]["sent"]) - ended_at
    records = asyncio.run(_records(site.kafka_bootstrap_servers)) - records_before
    site.down(_RELAY, "kafka")
    if records < loads[0]["sent"]:
        raise StackError(f"Kafka has {records} records of {loads[0]['sent']} messages.")
    return Found([_row(loads[0], at_end, ended_at - began_at, max(drained_s, 0.0))])


def _load(site: Site, scale: Scale, url: str) -> Figures:
    return site.generator.run(
        "messages",
        url,
        conversations=scale.conversations,
        warm_up=f"{scale.warm_up_s}s",
        length=f"{scale.relay_s}s",
    )


async def _records(bootstrap_servers: str) -> int:
    """How many records the topic `conversations` has, by Kafka's own count."""
    consumer = AIOKafkaConsumer(_TOPIC, bootstrap_servers=bootstrap_servers)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        return int(sum(ends.values()))
    finally:
        await consumer.stop()


def _wait_until_still(relay: str) -> None:
    """Wait until the relay has sent the records that the seeding left."""
    seen, still_since = -1.0, time.monotonic()
    while time.monotonic() - still_since < 1:
        if (now := metric(relay, _RELAYED)) != seen:
            seen, still_since = now, time.monotonic()
        time.sleep(_LOOK_EVERY_S)


def _drained(relay: str, expected: float) -> float:
    """The time at which everything is in Kafka.

    Raises:
        StackError: not everything arrives in time.
    """
    end = time.monotonic() + _GIVE_UP_AFTER_S
    while time.monotonic() < end:
        if metric(relay, _RELAYED) >= expected:
            return time.monotonic()
        time.sleep(_LOOK_EVERY_S)
    raise StackError("The relay did not bring everything to Kafka.")


def _row(load: Figures, at_end: float, took_s: float, drained_s: float) -> Row:
    rate = load["acknowledged_per_s"]
    return Row(
        "relay beside a gateway at full rate: records/s into Kafka",
        number(at_end / took_s),
        "–",
        "–",
        f"lag gone within {_DRAINED_WITHIN_S:.0f} s",
        drained_s <= _DRAINED_WITHIN_S,
        f"{number(rate)} acknowledged/s; of {load['sent']:,} messages "
        f"{load['sent'] - at_end:,.0f} not in Kafka at the end of the load, "
        f"all {number(drained_s)} s later",
    )
