import asyncio
import signal
import sys

from embedded.sandbox.deliveries import Deliveries
from embedded.sandbox.faults import Faults
from embedded.sandbox.server import Account, make_application, start
from marketplace.errors import SettingsError
from marketplace.logs import configure_logging, get_logger
from marketplace.settings import Settings, from_environment

_LOG = get_logger("embedded.sandbox")


def main() -> None:
    """Run the sandbox until SIGTERM or SIGINT."""
    try:
        settings = from_environment()
        account = _account(settings)
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings.process_name, settings.log_level, settings.secrets())
    try:
        asyncio.run(_serve(account, settings.bind_host, settings.bind_port))
    except OSError as error:
        sys.exit(f"Cannot listen on {settings.bind_host}:{settings.bind_port}: {error.strerror}")


def _account(settings: Settings) -> Account:
    """The account from the settings; all credentials are required, so that wrong ones show."""
    credentials = {
        "SENDGRID_API_KEY": settings.sendgrid_api_key,
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "TWILIO_FROM_NUMBER": settings.twilio_from_number,
    }
    missing = [name for name, value in credentials.items() if not value]
    if missing:
        raise SettingsError(f"The sandbox requires {', '.join(missing)}.")
    return Account(*credentials.values())


async def _serve(account: Account, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = await start(make_application(account, Deliveries(), Faults()), host, port)
    _LOG.info("listening", url=f"http://{host}:{port}")
    await stop.wait()
    await runner.cleanup()
    _LOG.info("stopped")


if __name__ == "__main__":
    main()
