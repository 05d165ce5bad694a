"""The guarantees of the ports, tested against every implementation: in memory and on real servers.

Each module covers one noun of `marketplace.ports`; the fixture `store` runs a test on every kind
of store.
"""
