"""Hostile clients next to good ones, at the default limits: what good ones notice, and the cost.

- `attacks.py` each attack: from two addresses, bounded in time and number, only on this machine
- `attacker.py` a process that plays one attack, so that it blocks only itself
- `packets.py` HTTP, websockets and polling in the few bytes that attacks need
- `good.py` people who read and talk meanwhile, each at a separate address
- `costs.py` the memory of each process, and how often its event loop was blocked
- `play.py` one attack next to good clients
- `results.py` the table

`make abuse` plays all of them and writes RESULTS.md; `test_attacks.py` plays the quickest.
"""
