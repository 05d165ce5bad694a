"""A small stand-in for one of Parley's processes, run as `python -m tests.embedded.tiny`.

It answers GET /health/ready, and appends its name to the file PARLEY_TEST_STOPS when SIGTERM ends
it. It has an idle child, as nginx has workers, which only the guard can end.
"""

import http.server
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType


class _Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer every GET with 200."""
        body = os.environ.get("PARLEY_PROCESS_NAME", "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Do not log."""


def main() -> None:
    """Serve until SIGTERM."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if stops := os.environ.get("PARLEY_TEST_STOPS"):
            with Path(stops).open("a") as file:
                file.write(f"{os.environ['PARLEY_PROCESS_NAME']}\n")
        sys.exit(0)

    subprocess.Popen(["sleep", "600"])  # noqa: S607
    signal.signal(signal.SIGTERM, stop)
    address = (os.environ["PARLEY_BIND_HOST"], int(os.environ["PARLEY_BIND_PORT"]))
    http.server.ThreadingHTTPServer(address, _Health).serve_forever()


if __name__ == "__main__":
    main()
