"""Loads the demo data in a process of its own, so that an interrupted start can end it."""

import os

if __name__ == "__main__":
    from embedded.demo.data import load

    load(dict(os.environ), lambda line: print(line, flush=True))
