"""What nginx is to do, read from the environment and checked before anything is rendered."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from environs import Env

from marketplace.environment import parsed, read, refusal, setting
from marketplace.settings import bind_host_setting, limit_scale_setting

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?")


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


def _address(value: str) -> str:
    address = ipaddress.ip_address(value.strip("[]"))
    return f"[{address}]" if address.version == 6 else str(address)


def _port(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise ValueError(f"{value!r} is not a port (1 to 65535)")
    return int(value)


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


def _resolver(value: str) -> str:
    return _host_and_port(value, 53)


def _upstreams(value: str) -> tuple[Upstream, ...]:
    upstreams = tuple(_upstream(part.strip()) for part in value.split(",") if part.strip())
    if not upstreams:
        raise ValueError(f"{value!r} names no host:port")
    return upstreams


def _upstream(value: str) -> Upstream:
    name, _, address = value.rpartition("=")
    if name and not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a process name")
    host, _, port = _host_and_port(address).rpartition(":")
    return Upstream(host=host, port=int(port), name=name)


def _networks(value: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(part.strip())) for part in value.split(",") if part)


def http_port_setting() -> int:
    """The only public port; the stack on one machine reads it too."""
    return setting("PARLEY_HTTP_PORT", parsed(_port), 8080)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where nginx listens, what it serves and whom it asks.

    - `web_root`: the folder of the built page, with index.html in it.
    - `rest`: `host:port,host:port`.
    - `realtime`: `name=host:port,…`, one for each gateway, with its process name; or, with a
      resolver, one `tasks.SERVICE:port`.
    - `resolver`: a DNS server to ask for the upstreams again and again, since their addresses
      change (in Swarm 127.0.0.11).
    - `trusted_proxies`: networks, `10.0.0.0/8,…`, whose X-Forwarded-For and X-Forwarded-Proto are
      trusted.
    - `runtime`: the folder for the rendered file, process id and temporary files; None for a new
      temporary folder.
    """

    bind_host: str = bind_host_setting(parsed(_address))
    http_port: int = http_port_setting()
    web_root: Path = setting("PARLEY_WEB_ROOT", parsed(_page))
    rest: tuple[Upstream, ...] = setting("PARLEY_REST_UPSTREAMS", parsed(_upstreams))
    realtime: tuple[Upstream, ...] = setting("PARLEY_REALTIME_UPSTREAMS", parsed(_upstreams))
    resolver: str = setting("PARLEY_RESOLVER", parsed(_resolver), "")
    trusted_proxies: tuple[str, ...] = setting("PARLEY_TRUSTED_PROXIES", parsed(_networks), ())
    limit_scale: float = limit_scale_setting()
    runtime: Path | None = setting("PARLEY_RUNTIME_DIR", Env.path, None)

    def __post_init__(self) -> None:
        """Whether gateways have names depends on the resolver."""
        names = [gateway.name for gateway in self.realtime]
        if self.resolver:
            if len(names) != 1 or names[0]:
                why = "With PARLEY_RESOLVER, must be exactly one host:port without a name."
                raise refusal({"PARLEY_REALTIME_UPSTREAMS": [why]})
        elif not all(names):
            why = "Without PARLEY_RESOLVER, every gateway must be name=host:port."
            raise refusal({"PARLEY_REALTIME_UPSTREAMS": [why]})
        elif len(set(names)) != len(names):
            raise refusal({"PARLEY_REALTIME_UPSTREAMS": ["Two gateways have the same name."]})


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read and check the settings.

    Raises:
        SettingsError: names every variable that is missing or invalid, and what is wrong with it.
    """
    return read(Settings, environment)
