"""Parley: rest."""
