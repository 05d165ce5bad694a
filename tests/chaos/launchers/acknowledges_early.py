"""A gateway that acknowledges a message half a second before it is written."""

import asyncio
from collections import defaultdict
from dataclasses import replace

from marketplace.domain.conversations import Entry
from marketplace.ports import Appended
from marketplace.process import Process, run
from realtime.__main__ import main

_LATE_S = 0.5


async def acknowledge_early(process: Process) -> None:
    """Run the gateway over a log that promises a sequence and writes the entry later."""
    log, store = process.parts.world.entry_log, process.parts.store
    append = log.append
    promised: dict[str, int] = {}
    turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
    writing: set[asyncio.Task[None]] = set()

    async def write_later(entry: Entry) -> None:
        await asyncio.sleep(_LATE_S)
        await append(entry)

    async def append_early(entry: Entry) -> Appended:
        talk = entry.conversation_id
        async with turns[talk]:
            if talk not in promised:
                promised[talk] = (await store.entries.heads([talk]))[talk]
            promised[talk] += 1
        late = asyncio.create_task(write_later(entry))
        writing.add(late)
        late.add_done_callback(writing.discard)
        return Appended(replace(entry, sequence=promised[talk]), is_new=True)

    log.append = append_early  # type: ignore[method-assign] # the planted fault
    await main(process)


if __name__ == "__main__":
    run(acknowledge_early)
