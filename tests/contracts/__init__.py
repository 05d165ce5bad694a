"""What the ports promise, held against every implementation: in memory and over real servers.

Each module takes one noun of `marketplace.ports`; `store` is each kind of store in turn.
"""
