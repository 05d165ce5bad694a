"""Describes the peer, and makes a page for nginx; `embedded.processes` describes Parley's own."""

from collections.abc import Mapping

from benchmarks import tools
from embedded.paths import Paths
from embedded.supervision.ports import HOST
from embedded.supervision.program import Program

PEER = "peer"


def peer(paths: Paths, port: int, shared: Mapping[str, str]) -> Program:
    """Describe the Node gateway; it takes Parley's variables and has its own database."""
    tools.check_peer()
    url = f"http://{HOST}:{port}"
    return Program(
        name=PEER,
        argv=(tools.node(), "server.js"),
        directory=tools.PEER,
        log=paths.logs / "peer.log",
        url=url,
        health=f"{url}/health",
        environment={**shared, "PARLEY_BIND_PORT": str(port), "NODE_ENV": "production"},
    )


def make_page(paths: Paths) -> None:
    """Create the page that nginx requires; nobody requests it here."""
    paths.page.mkdir(exist_ok=True)
    (paths.page / "index.html").write_text("<!doctype html><title>Parley</title>\n")
