"""Fetches Kafka's jar files from Maven Central into the cache folder, once.

Run as `python -m embedded.servers.maven FOLDER`, so that an interrupted start can end it like any child.
The dependencies are resolved by jgo, in pure Python: no Maven, no JDK.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from pathlib import Path

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
# Kafka logs through SLF4J 1.7 and ships no back end; this one writes to standard error.
LOGGING = "org.slf4j:slf4j-simple:1.7.36"


def folder_in(cache: Path) -> Path:
    """The folder that holds the jar files once they are complete."""
    return cache / f"kafka-{KAFKA.rpartition(':')[2]}"


def fetch(cache: Path) -> Path:
    """Return the folder of the jar files; fetch them first if they are missing.

    The folder appears by a rename when it is complete, and a lock keeps two stacks that start at
    the same time from fetching twice.
    """
    folder = folder_in(cache)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix="kafka-") as scratch:
                jars = Path(scratch) / "jars"
                jars.mkdir()
                for jar in _resolve(Path(scratch) / "repository"):
                    shutil.copy(jar, jars)
                jars.rename(folder)
    return folder


def _resolve(repository: Path) -> list[Path]:
    """Download the artifacts and their run-time dependencies into `repository`."""
    from jgo.maven import MavenContext  # noqa: PLC0415 (slow to import, needed once)
    from jgo.parse import Coordinate  # noqa: PLC0415

    maven = MavenContext(repo_cache=repository, timeout=60)
    wanted = []
    for name in (KAFKA, LOGGING):
        group, artifact, version = name.split(":")
        coordinate = Coordinate(group, artifact, version, scope="compile")
        wanted.append(maven.create_dependency(coordinate))
    direct, transitive = maven.resolver.resolve(wanted)
    runtime = (jar for jar in transitive if jar.scope in {"compile", "runtime"})
    return [Path(jar.artifact.resolve()) for jar in (*direct, *runtime)]


if __name__ == "__main__":
    os.nice(5)
    fetch(Path(sys.argv[1]))
