"""Processes with a fault planted in them, each started as a process: `python -m tests.chaos.launchers.<name>`.

They change the parts of a gateway or of `rest` from outside and then run it as it is; the product has no switch.
"""
