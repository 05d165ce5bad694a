from collections.abc import Mapping

from marketplace.domain.conversations import Channel
from marketplace.errors import TemporaryError
from marketplace.kafka import EventConsumer
from marketplace.process import Process, operations_app, run, serve
from marketplace.timer_runner import TimerRunner
from notify import backlog
from notify.digests import BATCH_SIZE, CHAT_TOPICS, Digests
from notify.handler import GROUP, URGENT_TOPICS, Handler
from notify.lane import Lane
from notify.rendering import Renderer
from notify.senders import check, open_senders
from notify.sending import SMS_PER_HOUR, Sending
from notify.warnings import WARNING_KINDS, Warnings
from notify.worker import Worker


async def main(process: Process) -> None:
    """Send notifications until shutdown, then finish the sends in flight."""
    parts, settings = process.parts, process.settings
    runner = await serve(operations_app(process), settings)
    try:
        async with open_senders(settings) as senders:
            await check(senders)
            lanes = {channel: Lane(channel) for channel in (Channel.EMAIL, Channel.SMS)}
            sending = Sending(
                parts.world,
                senders,
                Renderer(settings.public_url),
                lanes,
                sms_per_hour=max(1, round(SMS_PER_HOUR * settings.limit_scale)),
            )
            worker = Worker(parts.world, sending.attempt, tuple(lanes.values()))
            warnings = Warnings(parts.world, worker.wake)
            timers = TimerRunner(parts.world, dict.fromkeys(WARNING_KINDS, warnings.handle))
            await _run(process, _consumers(process, worker), worker, timers)
    finally:
        await runner.cleanup()


def _consumers(process: Process, worker: Worker) -> Mapping[str, EventConsumer]:
    """Two members of the consumer group, so that RFIs and matches never wait for chat."""
    servers, world = process.settings.kafka_bootstrap_servers, process.parts.world
    handler, digests = Handler(world, worker.wake), Digests(world)
    return {
        "urgent consumer": EventConsumer(servers, GROUP, URGENT_TOPICS, handler.handle_batch),
        "chat consumer": EventConsumer(
            servers, GROUP, CHAT_TOPICS, digests.handle_batch, batch_size=BATCH_SIZE
        ),
    }


async def _run(
    process: Process,
    consumers: Mapping[str, EventConsumer],
    worker: Worker,
    timers: TimerRunner,
) -> None:
    async def check_consumers() -> None:
        if not all(consumer.is_polling for consumer in consumers.values()):
            raise TemporaryError("Kafka has not responded recently")

    process.checks["kafka"] = check_consumers
    background = process.background
    try:
        for name, consumer in consumers.items():
            background.start(name, consumer.run())
        background.start("worker", worker.run())
        background.start("timers", timers.run())
        background.start("backlog", backlog.watch(process.parts.world))
        process.is_ready = True
        await process.stopping.wait()
        for consumer in consumers.values():
            consumer.stop()
        timers.stop()
        worker.stop()
        await background.finish(*consumers, "timers", "worker")
    finally:
        await background.end()


if __name__ == "__main__":
    run(main)
