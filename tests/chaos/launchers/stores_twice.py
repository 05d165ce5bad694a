"""A gateway that does not recognise a message: a resend is one more message."""

from collections.abc import Mapping
from typing import Any

from marketplace.process import Process, run
from realtime.__main__ import main

_KEY = [("conversation_id", 1), ("sender_id", 1), ("client_message_id", 1)]


async def store_twice(process: Process) -> None:
    """Run the gateway without the index that makes the entries' ids unique."""
    entries = process.parts.store.database["entries"]
    indexes: Mapping[str, Any] = await entries.index_information()
    for name, index in indexes.items():
        if list(index["key"]) == _KEY:
            await entries.drop_index(name)
    await main(process)


if __name__ == "__main__":
    run(store_twice)
