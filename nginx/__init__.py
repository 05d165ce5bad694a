"""Parley: nginx."""
