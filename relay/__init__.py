"""Parley: relay."""
