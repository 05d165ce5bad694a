"""The previous version and this one run together, while processes are replaced and people talk.

PREVIOUS       the commit of the previous version; KNOWN.md lists its known faults
versions.py    a checkout of each version with its own environment
mixed.py       servers, nginx, and processes of either version, which can be replaced one by one
stories.py     an RFI from submission to award, in the middle of an update
rolling.py     the updates, and the checks after them

Only the processes are of either version: this version's `embedded` starts and supervises both.

`make upgrade-test` plays all of it; `test_upgrade.py` has the short sample of `make test`.
"""
