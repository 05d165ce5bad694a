"""Gateways with a fault planted in them, each started as a process: `python -m tests.chaos.launchers.<name>`.

They change the gateway's parts from outside and then run it as it is; the product has no switch.
"""
