"""The error that the embedded stack shows to people."""


class StackError(Exception):
    """Something a person at the terminal can fix: one sentence, and what to do about it."""
