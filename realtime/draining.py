"""The end of a gateway: newcomers are refused, calls under way finished, the apps sent elsewhere.

Each connection has its turn, spread over a few seconds, so that the apps do not all arrive at the
others at once.  From its turn on a connection's new calls are refused; those under way are answered,
and then it is closed.
"""

import asyncio

from marketplace.errors import Code
from realtime.connections import Connection
from realtime.gateway import Gateway

SPREAD_OVER_S = 3.0
STEPS = 100
# A message that waits for its write has it within milliseconds; this is for a store in trouble.
FINISH_WITHIN_S = 5.0
STEP_S = SPREAD_OVER_S / STEPS


async def drain(gateway: Gateway) -> None:
    """Take nobody new, and end every connection; returns when all are gone, or after 8 s."""
    gateway.is_draining = True
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + SPREAD_OVER_S + FINISH_WITHIN_S
    connections = gateway.connections()
    per_step = -(-len(connections) // STEPS)
    leaving: list[Connection] = []
    while (connections or gateway.connections()) and loop.time() < give_up_at:
        # At last those whose handshake was under way when all this began.
        batch = connections[:per_step] or gateway.connections()
        del connections[:per_step]
        for each in batch:
            if not each.is_leaving:
                each.is_leaving = True
                leaving.append(each)
        leaving = [each for each in leaving if not _has_ended(gateway, each)]
        await asyncio.sleep(STEP_S)
    for each in gateway.connections():
        gateway.end(each, Code.DRAINING)


def _has_ended(gateway: Gateway, connection: Connection) -> bool:
    """End a connection that has no call under way."""
    if connection.calls_in_flight:
        return False
    gateway.end(connection, Code.DRAINING)
    return True
