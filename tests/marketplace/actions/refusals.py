"""Reads a refusal's code."""

from collections.abc import Awaitable

import pytest

from marketplace.errors import Code, ParleyError


async def refused(command: Awaitable[object]) -> Code:
    """The code with which a command is refused."""
    with pytest.raises(ParleyError) as found:
        await command
    return found.value.code
