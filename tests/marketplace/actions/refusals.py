"""Reads a refusal's code."""

from collections.abc import Awaitable

import pytest

from marketplace.errors import Code, ParleyError


async def refused(asked: Awaitable[object]) -> Code:
    """The code with which a command is refused."""
    with pytest.raises(ParleyError) as found:
        await asked
    return found.value.code
