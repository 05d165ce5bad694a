import asyncio

from marketplace.backoff import Backoff
from marketplace.errors import TemporaryError
from marketplace.kafka import EventProducer, ensure_topics
from marketplace.logs import get_logger
from marketplace.process import Process, operations_app, run, serve
from marketplace.storage.leases import Lease
from marketplace.storage.tail import Tail
from relay.heads import Heads
from relay.inbox import Inbox
from relay.lease import TTL_S, LeaseKeeper
from relay.relay import FIRST_PAUSE_S, LONGEST_PAUSE_S, Relay

LOG = get_logger(__name__)


async def main(process: Process) -> None:
    """Relay committed events to Kafka until shutdown."""
    parts, settings = process.parts, process.settings
    runner = await serve(operations_app(process), settings)
    tail = Tail(settings)
    producer = EventProducer(settings.kafka_bootstrap_servers)
    clock = parts.world.clock
    holder = f"{settings.process_name}:{id(process)}:{clock.now().timestamp()}"
    lease = Lease(parts.store.database, "relay", holder, clock, ttl_s=TTL_S)
    keeper = LeaseKeeper(lease, process.stopping)

    async def work() -> None:
        heads, inbox = Heads(parts.world.live), Inbox(parts.world)
        await Relay(tail, producer, heads, inbox, clock, keeper.is_held, process.stopping).run()

    try:
        await _create_topics(settings.kafka_bootstrap_servers, process.stopping)
        process.background.start("lease", keeper.run(work))
        process.is_ready = True
        await process.stopping.wait()
        await process.background.finish("lease")
    finally:
        await process.background.end()
        await producer.close()
        await tail.close()
        await runner.cleanup()


async def _create_topics(bootstrap_servers: str, stopping: asyncio.Event) -> None:
    """Wait for Kafka and create the missing topics."""
    backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
    while not stopping.is_set():
        try:
            await ensure_topics(bootstrap_servers)
        except TemporaryError as error:
            LOG.warning("the topics could not be created", why=str(error))
            await backoff.wait(stopping)
        else:
            return


if __name__ == "__main__":
    run(main)
