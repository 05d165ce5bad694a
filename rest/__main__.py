from marketplace.loop_watch import watch_for_ever
from marketplace.process import Process, run
from rest.app import make_app
from rest.serving import serving
from rest.sweeping import sweep_for_ever


async def main(process: Process) -> None:
    """Serve requests until a stop signal arrives; then finish the requests in flight."""
    process.background.start("loop watch", watch_for_ever())
    process.parts.world.authenticators()  # loading takes 0.4 s, which no request has to wait for
    app = make_app(process.parts, process.health)
    process.background.start("epoch", process.parts.store.epoch.follow_for_ever())
    process.background.start("sweep", sweep_for_ever(process.parts.world))
    process.background.start("erasures", app.ctx.service.erasing.run_for_ever())
    async with serving(app, process.settings.bind_host, process.settings.bind_port):
        process.is_ready = True
        await process.stopping.wait()


if __name__ == "__main__":
    run(main)
