from marketplace.errors import TemporaryError
from marketplace.kafka import EventConsumer
from marketplace.process import Process, operations_app, run, serve
from notify import backlog
from notify.handler import GROUP, TOPICS, Handler
from notify.rendering import Renderer
from notify.senders import open_senders
from notify.sending import Sending
from notify.worker import Worker


async def main(process: Process) -> None:
    """Notify people until told to stop; then finish the sends in flight."""
    parts, settings = process.parts, process.settings
    runner = await serve(operations_app(process), settings)
    try:
        with open_senders(settings) as senders:
            sending = Sending(parts.world, senders, Renderer(settings.public_url))
            worker = Worker(parts.world, sending.attempt)
            handler = Handler(parts.world, worker.wake)
            consumer = EventConsumer(
                settings.kafka_bootstrap_servers, GROUP, TOPICS, handler.handle_batch
            )
            await _run(process, consumer, worker)
    finally:
        await runner.cleanup()


async def _run(process: Process, consumer: EventConsumer, worker: Worker) -> None:
    async def check_consumer() -> None:
        if not consumer.is_polling:
            raise TemporaryError("Kafka has not answered lately")

    process.checks["kafka"] = check_consumer
    background = process.background
    try:
        background.start("consumer", consumer.run())
        background.start("worker", worker.run())
        background.start("backlog", backlog.watch(process.parts.world))
        process.is_ready = True
        await process.stopping.wait()
        consumer.stop()
        worker.stop()
        await background.finish("consumer", "worker")
    finally:
        await background.end()


if __name__ == "__main__":
    run(main)
