"""An account's feed: what Parley has told the account, in items numbered densely from 1.

An item is written in the transaction of its cause, gets its number right after the commit, and is
pushed. Chat messages are not items: the inbox has them (inbox.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# The newest ones that an account keeps, and for how long. Who has missed more gets a snapshot.
MAX_ITEMS = 1_000
LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """Something that an account was told: the name and the data of the push.

    `data` are JSON values. `id` is empty until the item is stored, and `position` is 0 until it is
    numbered.
    """

    account_id: str
    name: str
    data: dict[str, Any]
    at: datetime
    position: int = 0
    id: str = ""


def continues(items: Sequence[FeedItem], after: int) -> bool:
    """Whether the items begin right after a position and have no gap."""
    return all(item.position == after + 1 + index for index, item in enumerate(items))


def newest_run(items: Sequence[FeedItem], end: int) -> list[FeedItem]:
    """The last items, from `end` or later back to the first gap; none if `end` is missing.

    At the end of their lifetime, items leave one by one, and not always the oldest first.
    """
    if not items or items[-1].position < end:
        return []
    start = len(items) - 1
    while start > 0 and items[start - 1].position == items[start].position - 1:
        start -= 1
    return list(items[start:])
