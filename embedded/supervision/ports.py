"""Free ports, and a file with the ports that were chosen."""

import json
import random
import socket
from pathlib import Path

HOST = "127.0.0.1"

# Below the kernel's range for outgoing connections (32768-60999 on Linux): a port from that range
# may be taken by an outgoing connection while its owner restarts.
_LOWEST, _HIGHEST = 20000, 32000


def is_free(port: int) -> bool:
    """Whether a server could now listen on `port` of this machine's loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose() -> int:
    """Choose a free port at random, so that two callers at the same time rarely collide."""
    while True:
        port = random.randint(_LOWEST, _HIGHEST)
        if is_free(port):
            return port


class PortBook:
    """Ports by name, kept in a file, so that a restart uses the same ones."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = {}
        if path.exists():
            self._ports = {str(k): int(v) for k, v in json.loads(path.read_text()).items()}

    def port(self, name: str) -> int:
        """The stored port of `name`, or a new one if another process has taken it."""
        port = self._ports.get(name)
        if port is None or not is_free(port):
            port = choose()
            while port in self._ports.values():
                port = choose()
            self._ports[name] = port
            self._path.write_text(json.dumps(self._ports, indent=1))
        return port

    def known(self, name: str) -> int:
        """The port assigned to `name`, whether it listens there yet or not."""
        return self._ports[name]
