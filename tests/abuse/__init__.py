"""Hostile clients beside good ones, at the default limits: what the good ones notice, and what it costs.

attacks.py    each attack: from two addresses, bounded in time and number, only to this machine
attacker.py   a process that plays one of them, so that it holds up nobody but itself
packets.py    HTTP, websocket and polling in the few bytes that attacks need
good.py       people who read and talk meanwhile, each at an address of their own
costs.py      memory of each process, and how long its event loop was held
play.py       one attack beside good clients
results.py    the table

`make abuse` plays all of them and writes RESULTS.md; `test_attacks.py` plays the quickest.
"""
