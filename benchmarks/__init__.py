"""Measures Parley and a Node peer side by side: `make bench`, or `python -m benchmarks`.

    __main__ ─▶ site (servers, gateways, seeded conversations)
        ├────▶ measures/ ─▶ load ─▶ generator/ (Go)
        └────▶ results, machine ─▶ RESULTS.md

- `generator/` the load generator: Socket.IO over websockets, the same code and messages for both
- `peer/` the gateway that Parley is compared with: Node, official Socket.IO and MongoDB driver
- `tools.py` finds Go and builds the generator; finds Node and checks the peer's packages
- `load.py` runs the generator; `programs.py` describes the peer; `scale.py` sizes and durations
- `site.py` the servers and processes to measure; `usage.py` their memory, CPU time and metrics
- `measures/` one module for each kind of figure; each returns rows for the table
- `results.py` medians, ratios, targets, the tables; `machine.py` the machine and the versions
"""
