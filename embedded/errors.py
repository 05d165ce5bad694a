"""The error that the embedded stack shows to people."""


class StackError(Exception):
    """Something the person at the terminal can act on: one sentence, and what to do about it."""
