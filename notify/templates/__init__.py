"""Templates of the notifications: two files per kind, two layouts (see `notify/rendering.py`)."""
