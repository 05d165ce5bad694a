"""Drains a gateway at shutdown: refuses new connections, finishes calls in flight, closes the rest.

Connections are closed in batches spread over a few seconds, so that the apps do not all reconnect
to the other gateways at once. When its batch is due, a connection's new calls are refused; calls in
flight are answered, and then it is closed.
"""

import asyncio

from marketplace.errors import Code
from realtime.connections import Connection
from realtime.gateway import Gateway

SPREAD_OVER_S = 3.0
STEPS = 100
# A message that waits for its write gets it within milliseconds; this is for a store in trouble.
FINISH_WITHIN_S = 5.0
STEP_S = SPREAD_OVER_S / STEPS


async def drain(gateway: Gateway) -> None:
    """Refuse new connections and close all; returns when none is left, or after 8 s."""
    gateway.is_draining = True
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + SPREAD_OVER_S + FINISH_WITHIN_S
    connections = gateway.connections()
    per_step = -(-len(connections) // STEPS)
    leaving: list[Connection] = []
    while (connections or gateway.connections()) and loop.time() < give_up_at:
        # Finally the connections whose handshake was in flight when the drain began.
        batch = connections[:per_step] or gateway.connections()
        del connections[:per_step]
        for connection in batch:
            if not connection.is_leaving:
                connection.is_leaving = True
                leaving.append(connection)
        leaving = [connection for connection in leaving if not _has_ended(gateway, connection)]
        await asyncio.sleep(STEP_S)
    for connection in gateway.connections():
        gateway.end(connection, Code.DRAINING)


def _has_ended(gateway: Gateway, connection: Connection) -> bool:
    """Close a connection that has no call in flight; False while it has."""
    if connection.calls_in_flight:
        return False
    gateway.end(connection, Code.DRAINING)
    return True
