"""Parley: notify."""
