"""Parley: realtime."""
