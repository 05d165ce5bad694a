"""Checks whether a stack can run on this machine; each refusal says what to do about it."""

import ctypes
import platform
import shutil
from pathlib import Path

from embedded.errors import StackError
from embedded.supervision import ports

ARCHITECTURES = ("x86_64", "aarch64")

# mongod's journal, Kafka's segments and the page's packages use about 1 GiB in an evening.
NEEDED_BYTES = 2 * 1024**3


def check_architecture(system: str = platform.system(), machine: str = platform.machine()) -> None:
    """Refuse a platform that the packaged servers do not support.

    Raises:
        StackError: not Linux on x86_64 or aarch64.
    """
    if system != "Linux" or machine not in ARCHITECTURES:
        raise StackError(
            f"The packaged servers run on Linux on {' and '.join(ARCHITECTURES)}; this is "
            f"{system} on {machine}. Use a Linux machine or container, or set MONGODB_URL, "
            "KAFKA_BOOTSTRAP_SERVERS and REDIS_URL to your own servers."
        )


def check_library(name: str = "libcurl.so.4", package: str = "libcurl4") -> None:
    """Refuse to start mongod without the one system library it needs.

    Raises:
        StackError: the library is missing.
    """
    try:
        ctypes.CDLL(name)
    except OSError:
        raise StackError(
            f"The MongoDB server needs the system's {name}. Install it (on Debian and Ubuntu: "
            f"`apt-get install {package}`), or set MONGODB_URL to your own server."
        ) from None


def check_disk(folder: Path, needed_bytes: int = NEEDED_BYTES) -> None:
    """Refuse to start on a disk that is nearly full.

    Raises:
        StackError: less than `needed_bytes` are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise StackError(
            f"The disk of {folder} has {free / 1024**3:.1f} GiB free and the stack needs "
            f"{needed_bytes / 1024**3:.1f} GiB. Free some space, or set PARLEY_DATA_DIR to "
            "a folder on another disk."
        )


def check_port(port: int) -> None:
    """Refuse to start if the public port is taken.

    Raises:
        StackError: another process listens there.
    """
    if not ports.is_free(port):
        raise StackError(
            f"Port {port} is taken{_taken_by(port)}. Stop the program that listens there, or "
            f"choose another port: PARLEY_HTTP_PORT={port + 1}."
        )


def _taken_by(port: int) -> str:
    """Name the process that listens on a port, if this account may see it."""
    import psutil  # noqa: PLC0415 (an image without the extra "embedded" has `parley`, not this)

    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""
