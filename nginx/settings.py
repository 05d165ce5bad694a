"""What nginx is to do, read from the environment and checked before anything is rendered."""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from marketplace.errors import SettingsError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upstream:
    """One address to pass requests to; `name` is the gateway's PARLEY_PROCESS_NAME, or empty."""

    host: str
    port: int
    name: str = ""

    @property
    def address(self) -> str:
        """As nginx writes it."""
        return f"{self.host}:{self.port}"

    @property
    def service(self) -> str:
        """The Swarm service behind the address: Docker's DNS lists its tasks as `tasks.NAME`."""
        return self.host.removeprefix("tasks.")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where nginx listens, what it serves and whom it asks."""

    bind_host: str
    http_port: int
    web_root: Path
    rest: tuple[Upstream, ...]
    realtime: tuple[Upstream, ...]
    resolver: str
    trusted_proxies: tuple[str, ...]
    limit_scale: float
    runtime: Path | None


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read and check the settings.

    - PARLEY_BIND_HOST (127.0.0.1), PARLEY_HTTP_PORT (8080): where to listen.
    - PARLEY_WEB_ROOT: folder of the built page, with index.html in it.
    - PARLEY_REST_UPSTREAMS: `host:port,host:port`.
    - PARLEY_REALTIME_UPSTREAMS: `name=host:port,…`, one per gateway, with its process name; or,
      with PARLEY_RESOLVER, one `tasks.SERVICE:port`.
    - PARLEY_RESOLVER: a DNS server to ask for the upstreams again and again, since their addresses
      change (in Swarm 127.0.0.11).
    - PARLEY_TRUSTED_PROXIES: networks, `10.0.0.0/8,…`, whose X-Forwarded-For and
      X-Forwarded-Proto are believed.
    - PARLEY_LIMIT_SCALE (1): every limit of an address, times this.
    - PARLEY_RUNTIME_DIR: folder for the rendered file, process id and temporary files; a new
      temporary folder when not given.

    Raises:
        SettingsError: naming the variable and what is wrong with it.
    """

    def read(name: str, default: str | None, parse: Callable[[str], T]) -> T:
        value = environment.get(name, "").strip() or default
        if value is None:
            raise SettingsError(f"{name} is not set.")
        try:
            return parse(value)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}") from error

    settings = Settings(
        bind_host=read("PARLEY_BIND_HOST", "127.0.0.1", _address),
        http_port=read("PARLEY_HTTP_PORT", "8080", _port),
        web_root=read("PARLEY_WEB_ROOT", None, _page),
        rest=read("PARLEY_REST_UPSTREAMS", None, _upstreams),
        realtime=read("PARLEY_REALTIME_UPSTREAMS", None, _upstreams),
        resolver=read("PARLEY_RESOLVER", "", lambda value: value and _host_and_port(value, 53)),
        trusted_proxies=read("PARLEY_TRUSTED_PROXIES", "", _networks),
        limit_scale=read("PARLEY_LIMIT_SCALE", "1", _scale),
        runtime=read("PARLEY_RUNTIME_DIR", "", lambda value: Path(value) if value else None),
    )
    _check_gateways(settings)
    return settings


def _check_gateways(settings: Settings) -> None:
    variable = "PARLEY_REALTIME_UPSTREAMS"
    names = [gateway.name for gateway in settings.realtime]
    if settings.resolver:
        if len(names) != 1 or names[0]:
            raise SettingsError(
                f"{variable}: With PARLEY_RESOLVER, must be exactly one host:port without a name."
            )
    elif not all(names):
        raise SettingsError(
            f"{variable}: Without PARLEY_RESOLVER, every gateway must be name=host:port."
        )
    elif len(set(names)) != len(names):
        raise SettingsError(f"{variable}: Two gateways have the same name.")


def _address(value: str) -> str:
    address = ipaddress.ip_address(value.strip("[]"))
    return f"[{address}]" if address.version == 6 else str(address)


def _port(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise ValueError(f"{value!r} is not a port (1 to 65535)")
    return int(value)


def _scale(value: str) -> float:
    scale = float(value)
    if not 0.01 <= scale < math.inf:
        raise ValueError(f"{value!r} is not a number of at least 0.01")
    return scale


def _page(value: str) -> Path:
    folder = Path(value).resolve()
    if not (folder / "index.html").is_file():
        raise ValueError(f"{folder} has no index.html; build the web client first")
    if re.search(r"[\"$\\\n]", str(folder)):
        raise ValueError(f"{folder} contains a character that nginx cannot handle")
    return folder


def _host_and_port(value: str, default_port: int | None = None) -> str:
    host, colon, port = value.rpartition(":")
    if not colon and default_port is not None:
        host, port = value, str(default_port)
    if not _HOST.fullmatch(host):
        raise ValueError(f"{value!r} is not host:port")
    return f"{host}:{_port(port)}"


def _upstreams(value: str) -> tuple[Upstream, ...]:
    return tuple(_upstream(part.strip()) for part in value.split(",") if part.strip())


def _upstream(value: str) -> Upstream:
    name, _, address = value.rpartition("=")
    if name and not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a process name")
    host, _, port = _host_and_port(address).rpartition(":")
    return Upstream(host=host, port=int(port), name=name)


def _networks(value: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(part.strip())) for part in value.split(",") if part)
