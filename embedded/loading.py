"""Loads the demo data in a process of its own, so that an interrupted start can end it."""

import os
import sys

from embedded.demo.data import load
from marketplace.errors import BaseError


def main() -> None:
    """Load the demo data into the stack of this environment; a failure is one sentence."""
    try:
        load(dict(os.environ), lambda line: print(line, flush=True))
    except BaseError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
