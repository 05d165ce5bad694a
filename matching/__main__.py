from marketplace.errors import TemporaryError
from marketplace.kafka import EventConsumer
from marketplace.process import Process, operations_app, run, serve
from matching.handler import GROUP, Handler


async def main(process: Process) -> None:
    """Match RFIs until shutdown."""
    handler = Handler(process.parts.world)
    consumer = EventConsumer(
        process.settings.kafka_bootstrap_servers, GROUP, ["rfis"], handler.handle_batch
    )

    async def check_consumer() -> None:
        if not consumer.is_polling:
            raise TemporaryError("Kafka has not responded recently")

    process.checks["kafka"] = check_consumer
    runner = await serve(operations_app(process), process.settings)
    try:
        process.background.start("consumer", consumer.run())
        process.is_ready = True
        await process.stopping.wait()
        consumer.stop()
        await process.background.finish("consumer")
    finally:
        await process.background.end()
        await runner.cleanup()


if __name__ == "__main__":
    run(main)
