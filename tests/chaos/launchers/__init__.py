"""Processes with a planted fault, each started as `python -m tests.chaos.launchers.<name>`.

They change parts of a gateway or of `rest` from outside and then run it; the product has no switch.
"""
