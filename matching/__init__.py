"""Parley: matching."""
