from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from marketplace.errors import TemporaryError
from marketplace.live import Subscriber
from marketplace.loop_watch import watch_for_ever
from marketplace.ports import SignalName
from marketplace.process import Process, operations_app, run
from realtime.account_feed import AccountCalls
from realtime.activity import Activity
from realtime.calls import DEADLINE_S, CallDispatcher
from realtime.conversations import ConversationCalls
from realtime.deadlines import Deadlines
from realtime.draining import drain
from realtime.gateway import Gateway
from realtime.limits import CallLimits
from realtime.memberships import Memberships
from realtime.presence import RoomPresence
from realtime.rfis import RfiCalls
from realtime.rooms import Rooms
from realtime.snapshots import Snapshots
from realtime.transport.pushes import SocketIoTransport
from realtime.transport.server import GatewayServer, close_connections
from realtime.typing import Typing


async def main(process: Process) -> None:
    """Serve connections until a stop signal arrives; then drain them and exit."""
    parts, settings = process.parts, process.settings
    server = GatewayServer(settings.process_name)
    transport = SocketIoTransport(server.clients)
    rooms = Rooms(transport)
    subscriber = _live_subscriber(process, rooms)
    gateway = Gateway(parts.world, parts.tokens, rooms, transport, settings.limit_scale)
    memberships = Memberships(parts.world, gateway, rooms, transport)
    activity = Activity(parts.world, gateway, settings.process_name)
    presence = RoomPresence(parts.world, rooms)
    rooms.on(SignalName.ACCESS, memberships.access_changed)
    rooms.on(SignalName.ACCESS, activity.access_changed)
    rooms.on(SignalName.ACTIVITY, presence.receive)
    snapshots = Snapshots(parts.world, presence)
    conversation_calls = ConversationCalls(
        parts.world, rooms, snapshots, Typing(parts.world.live), activity
    )
    rfi_calls, account_calls = RfiCalls(parts.world, rooms), AccountCalls(parts.world, rooms)
    deadlines = Deadlines(DEADLINE_S)
    calls = {**conversation_calls.calls(), **rfi_calls.calls(), **account_calls.calls()}
    server.serve_for(
        gateway, CallDispatcher(calls, gateway, CallLimits(settings.limit_scale), deadlines)
    )

    def refresh_after_epoch_change() -> None:
        for connection in gateway.connections():
            connection.access.forget()
        rooms.check_heads_soon()

    parts.store.epoch.on_change(refresh_after_epoch_change)
    background = process.background
    background.start("loop watch", watch_for_ever())
    subscriber.start(background)
    gateway.start(background)
    background.start("deadlines", deadlines.check_for_ever())
    background.start("epoch", parts.store.epoch.follow_for_ever())
    background.start("heads", rooms.check_heads_for_ever())
    background.start("memberships", memberships.check_for_ever())
    background.start("activity", activity.publish_for_ever())
    background.start("presence in rooms", presence.sweep_for_ever())
    background.start("wheel", server.wheel.turn_for_ever())
    try:
        async with _listening(process, server):
            process.is_ready = True
            await process.stopping.wait()
            await drain(gateway)
    finally:
        await background.end()
        await subscriber.close()


def _live_subscriber(process: Process, rooms: Rooms) -> Subscriber:
    """What the rooms receive from the other processes; readiness depends on it."""
    announcer, settings = process.parts.announcer, process.settings
    announcer.receive = rooms.receive
    subscriber = Subscriber(
        settings.redis_url,
        settings.process_name,
        announcer.origin,
        rooms.receive,
        rooms.check_heads,
    )
    rooms.subscriber = subscriber

    async def check_live() -> None:
        if not subscriber.is_receiving:
            raise TemporaryError("the canary through Redis has not been received")

    process.checks["live"] = check_live
    return subscriber


@asynccontextmanager
async def _listening(process: Process, server: GatewayServer) -> AsyncIterator[None]:
    """Accept connections; on exit, let aiohttp finish the responses in flight."""
    app = operations_app(process)
    server.attach_to(app)
    app.on_response_prepare.append(close_connections)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5)
    await runner.setup()
    settings = process.settings
    listener = await server.listen(runner, settings.bind_host, settings.bind_port)
    try:
        yield
    finally:
        listener.close()
        await runner.cleanup()


if __name__ == "__main__":
    run(main)
