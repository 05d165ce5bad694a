"""The version before and this one run together, while processes are replaced and people talk.

PREVIOUS       the commit that is the version before; KNOWN.md has the faults that it is known to have
versions.py    a checkout of each version with an environment of its own
mixed.py       servers, nginx, and processes of either version, which can be replaced one by one
stories.py     an RFI from its submission to its award, played in the middle of an update
rolling.py     the updates that are played, and what is checked after them

`make upgrade-test` plays all of it; `test_upgrade.py` has the short sample of `make test`.
"""
