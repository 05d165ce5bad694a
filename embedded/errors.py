"""The one error the embedded stack shows to a person."""


class StackError(Exception):
    """Something the person at the terminal can act on: one sentence, and what to do about it."""
