"""Parley and a Node peer side by side in one run: `make bench`, or `python -m benchmarks`.

    __main__ ─▶ site (servers, gateways, seeded conversations)
        ├────▶ measures/ ─▶ load ─▶ generator/ (Go)
        └────▶ results, machine ─▶ RESULTS.md

- `generator/` the load generator: Socket.IO over websockets, the same code and messages for both
- `peer/` the gateway that Parley is compared with: Node, official Socket.IO and MongoDB driver
- `tools.py` finds Go, builds the generator; finds Node and the peer's packages
- `load.py` runs the generator; `programs.py` describes the peer and nginx; `scale.py` how much, how long
- `site.py` what runs while something is measured; `usage.py` memory, processor time, metrics of it
- `measures/` one module for each kind of figure; each gives rows for the table
- `results.py` medians, ratios, targets, the tables; `machine.py` where and with which versions
"""
