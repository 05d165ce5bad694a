"""Parley: embedded."""
