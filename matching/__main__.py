from functools import partial

from marketplace.actions.lapses import expire_document
from marketplace.actions.lifetimes import expire_match, expire_quote, expire_rfi
from marketplace.domain.timers import TimerKind
from marketplace.errors import TemporaryError
from marketplace.kafka import EventConsumer
from marketplace.process import Process, operations_app, run, serve
from marketplace.timer_runner import TimerRunner
from matching.handler import GROUP, TOPICS, Handler
from matching.sweeping import sweep


async def main(process: Process) -> None:
    """Match RFIs, and end what has waited too long, until shutdown."""
    world = process.parts.world
    consumer = EventConsumer(
        process.settings.kafka_bootstrap_servers, GROUP, TOPICS, Handler(world).handle_batch
    )
    end_match = partial(expire_match, world)
    timers = TimerRunner(
        world,
        {
            TimerKind.OFFER_EXPIRY: end_match,
            TimerKind.ANSWER_EXPIRY: end_match,
            TimerKind.RFI_EXPIRY: partial(expire_rfi, world),
            TimerKind.QUOTE_EXPIRY: partial(expire_quote, world),
            TimerKind.DOCUMENT_EXPIRY: partial(expire_document, world),
        },
    )

    async def check_consumer() -> None:
        if not consumer.is_polling:
            raise TemporaryError("Kafka has not responded recently")

    process.checks["kafka"] = check_consumer
    runner = await serve(operations_app(process), process.settings)
    try:
        process.background.start("consumer", consumer.run())
        process.background.start("timers", timers.run())
        process.background.start("sweep", sweep(world))
        process.is_ready = True
        await process.stopping.wait()
        consumer.stop()
        timers.stop()
        await process.background.finish("consumer", "timers")
    finally:
        await process.background.end()
        await runner.cleanup()


if __name__ == "__main__":
    run(main)
