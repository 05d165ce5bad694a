"""Runs servers alone at the terminal, and prints the variables that point processes to them.

`python -m embedded.servers [mongod] [valkey] [kafka]`, all three by default, until Ctrl-C or
SIGTERM.
"""

import signal
import sys
import threading

from embedded.errors import StackError
from embedded.servers.running import running


def main() -> int:
    """Run servers until SIGTERM or Ctrl-C; print how to reach them."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with running(*sys.argv[1:], report=lambda line: print(line, file=sys.stderr)) as servers:
            for name, value in servers.environment.items():
                print(f"{name}={value}", flush=True)
            stopped.wait()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
