"""Renders nginx's configuration and lays out its runtime folder."""

import grp
import json
import os
import pwd
import re
import resource
import tempfile
from pathlib import Path

import jinja2

from marketplace.domain.attachments import MAX_BYTES
from marketplace.errors import Code, ParleyError
from marketplace.links import Link
from marketplace.schemas.errors import problem_view
from nginx.limits import limits
from nginx.settings import Settings

_MOST_FILES = 65536

# The most that a body of JSON may have; a test holds every operation to it.
JSON_BYTES = 512 * 1024
# The most that a file and the form around it may have (rest/attachments.py).
UPLOAD_BYTES = MAX_BYTES + 64 * 1024

# Errors that nginx makes itself, with the code that REST uses for the same.  494 is nginx's own
# number for a header that is too large; clients see 431.  501 and 505 are a transfer coding and a
# version of HTTP that nobody has: the client's fault, and no 5xx of ours.
_PROBLEMS = {
    400: (400, Code.MALFORMED, "The request is not valid HTTP."),
    403: (404, Code.NOT_FOUND, "There is nothing at this path."),
    404: (404, Code.NOT_FOUND, "There is nothing at this path."),
    405: (405, Code.METHOD_NOT_ALLOWED, "This path does not support that method."),
    408: (408, Code.MALFORMED, "The request did not arrive in time."),
    411: (411, Code.MALFORMED, "The Content-Length header is required."),
    412: (
        412,
        Code.MALFORMED,
        "The file does not meet the preconditions in the request's headers.",
    ),
    413: (413, Code.PAYLOAD_TOO_LARGE, "The body is larger than this path accepts."),
    414: (414, Code.PAYLOAD_TOO_LARGE, "The URL is too long."),
    416: (416, Code.MALFORMED, "The requested range is outside the file."),
    421: (421, Code.MALFORMED, "This connection does not serve that host."),
    429: (
        429,
        Code.RATE_LIMITED,
        "Too many requests from this address. Wait before you try again.",
    ),
    494: (431, Code.PAYLOAD_TOO_LARGE, "The request headers are too large."),
    500: (500, Code.INTERNAL, "nginx could not handle the request."),
    501: (400, Code.MALFORMED, "The request is not valid HTTP."),
    502: (502, Code.UNAVAILABLE, "The service for this path cannot be reached. Try again."),
    503: (503, Code.UNAVAILABLE, "The service for this path is not ready. Try again."),
    504: (504, Code.UNAVAILABLE, "The service for this path did not respond in time."),
    505: (400, Code.MALFORMED, "The request is not valid HTTP."),
}


def render(settings: Settings, runtime: Path) -> str:
    """Return the configuration as text; `runtime` is where nginx may write."""
    template = Path(__file__).with_name("nginx.conf.template").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 (not HTML; every value is checked by settings.py)
    )
    environment.filters["group"] = group
    environment.filters["regex"] = re.escape
    return environment.from_string(template).render(
        s=settings,
        runtime=runtime,
        problems=_problems(),
        user=worker_account(settings.web_root),
        files=_open_files(),
        limits=limits(settings.limit_scale),
        json_bytes=JSON_BYTES,
        upload_bytes=UPLOAD_BYTES,
        pages="|".join(re.escape(link.path("ID")).replace("ID", "[^/]+") for link in Link),
    )


def group(name: str) -> str:
    """Name the upstream group of one gateway: `realtime-1` has the group `gateway_realtime-1`."""
    return f"gateway_{name}"


def write(settings: Settings) -> Path:
    """Write the configuration into the runtime folder and return its path.

    Raises:
        OSError: the folder cannot be written.
    """
    runtime = settings.runtime or Path(tempfile.mkdtemp(prefix="parley-nginx-"))
    runtime = runtime.resolve()
    runtime.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = runtime / "nginx.conf"
    path.write_text(render(settings, runtime), encoding="utf-8")
    return path


def worker_account(web_root: Path) -> str:
    """Name the account and group of the workers, `user group`; empty when not started by root.

    Started by root, nginx would make its workers "nobody", who often cannot read a checkout. The
    owner of the page can.
    """
    if os.geteuid() != 0:
        return ""
    owner = web_root.stat()
    return f"{pwd.getpwuid(owner.st_uid).pw_name} {grp.getgrgid(owner.st_gid).gr_name}"


def _open_files() -> int:
    """Bound the files of one worker; a socket through nginx takes two of them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)


def _problems() -> list[tuple[int, int, str]]:
    """List each error nginx makes with the status and the body to answer."""
    problems = []
    for made, (status, code, detail) in _PROBLEMS.items():
        body = problem_view(ParleyError(code, detail), status, "$traced_id")
        problems.append((made, status, json.dumps(body).replace("'", "\\'")))
    return problems
