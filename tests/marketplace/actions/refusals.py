"""Refusals, by their code."""

from collections.abc import Awaitable

import pytest

from marketplace.errors import Code, ParleyError


async def refused(asked: Awaitable[object]) -> Code:
    """The code a command is refused with."""
    with pytest.raises(ParleyError) as found:
        await asked
    return found.value.code
