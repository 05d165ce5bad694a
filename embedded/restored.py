"""`parley restored`: for the running stack, or for an external MongoDB."""

import asyncio
from collections.abc import Callable, Mapping

from embedded import paths
from embedded.errors import StackError
from marketplace.environment import read
from marketplace.errors import SettingsError, TemporaryError
from marketplace.settings import MongodbSettings
from marketplace.storage.restore import after_restore


def restored(environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Do what has to follow a restore; the caller's variables override those of the running stack.

    Raises:
        StackError: one sentence that says why it failed.
    """
    variables = paths.environment_of_running(environment)
    try:
        settings = read(MongodbSettings, variables)
        asyncio.run(after_restore(settings.mongodb_url, settings.mongodb_database, say))
    except TemporaryError as error:
        raise StackError(
            f"A server is unavailable ({error}). Run the command again; that is safe."
        ) from error
    except SettingsError as error:
        raise StackError(str(error)) from error
