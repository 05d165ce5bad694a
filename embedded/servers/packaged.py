"""MongoDB, Valkey and Kafka by name, and the variables that point processes to them."""

from embedded.errors import StackError
from embedded.paths import Paths
from embedded.servers import kafka, mongod, valkey
from embedded.supervision.ports import PortBook
from embedded.supervision.program import Program

# Name of the server → the variable that points the processes to it.
VARIABLES = {
    "mongod": "MONGODB_URL",
    "valkey": "REDIS_URL",
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
}


async def prepare(name: str, paths: Paths, ports: PortBook) -> Program:
    """Return one of the servers as a program, after its one-time setup (files, formatting)."""
    if name == "mongod":
        return mongod.program(paths, ports.port("mongod"))
    if name == "valkey":
        return valkey.program(paths, ports.port("valkey"))
    if name == "kafka":
        return await kafka.prepare(paths, ports.port("kafka"), ports.port("kafka-controller"))
    raise StackError(f"Unknown server {name}; known servers: {', '.join(VARIABLES)}.")


def variable(program: Program) -> tuple[str, str]:
    """The environment variable that points the processes to this server, and its value."""
    return VARIABLES[program.name], program.url.removeprefix("kafka://")
