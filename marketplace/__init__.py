"""Parley: marketplace."""
