"""Texts of the notifications: two files a kind, on two layouts (see `notify/rendering.py`)."""
