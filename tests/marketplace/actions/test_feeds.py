"""Reading a feed from a number on: a page, a snapshot, and what a restore does to numbers."""

from typing import Any

import pytest

from marketplace.actions import conversations, feeds, rfis
from marketplace.domain.accounts import Actor
from marketplace.domain.feeds import EntryPage, RevisionPage
from marketplace.domain.rfis import Rfi
from marketplace.domain.visibility import View
from marketplace.errors import Code
from tests.builders import a_message, an_actor, rfi_content
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.talk import Talk


class ReadTalk(Talk):
    """A conversation with six messages of its vendor."""

    async def add(self, count: int) -> None:
        """Add messages of the vendor."""
        message = {"conversation_id": self.conversation.id, "sender_id": self.vendor.account_id}
        for _ in range(count):
            await self.stage.store.entries.add_next(a_message(**message))

    async def read(
        self, after: int | None = None, before: int | None = None, **named: Any
    ) -> EntryPage:
        """Read a page."""
        asked = {"epoch": None, "limit": 3, **named}
        return await feeds.read_entries(
            self.stage.world, self.conversation, after=after, before=before, **asked
        )

    async def snapshot(
        self, after: int | None = None, epoch: str | None = None
    ) -> feeds.ConversationSnapshot:
        """Read a snapshot as the customer."""
        return await feeds.read_snapshot(
            self.stage.world, self.customer, self.conversation.id, after=after, epoch=epoch, limit=3
        )


@pytest.fixture
async def talk(stage: Stage) -> ReadTalk:
    """A conversation with six messages."""
    talk = ReadTalk(stage)
    await stage.store.conversations.add(talk.conversation)
    await talk.add(6)
    return talk


def _numbers(page: EntryPage) -> list[int]:
    return [entry.sequence for entry in page.entries]


async def test_a_page_continues_in_the_requested_direction(talk: ReadTalk) -> None:
    """After a sequence, before one, or from the newest entry back."""
    for page, numbers, has_more, is_snapshot in [
        (await talk.read(after=0), [1, 2, 3], True, False),
        (await talk.read(after=3), [4, 5, 6], False, False),
        (await talk.read(after=6), [], False, False),
        (await talk.read(before=6), [3, 4, 5], True, False),
        (await talk.read(before=4), [1, 2, 3], False, False),
        (await talk.read(), [4, 5, 6], True, True),
    ]:
        assert (_numbers(page), page.has_more, page.is_snapshot) == (numbers, has_more, is_snapshot)
        assert (page.head, page.epoch) == (6, "0")


async def test_a_number_of_another_history_gets_the_newest_entries(talk: ReadTalk) -> None:
    """A reader that has seen more than there is, or another epoch, starts over."""
    for page in (
        await talk.read(after=7),
        await talk.read(before=8),
        await talk.read(after=2, epoch="former"),
        await talk.read(before=2, epoch="former"),
        (await talk.snapshot(after=7)).page,
        (await talk.snapshot(after=2, epoch="former")).page,
        (await talk.snapshot()).page,
    ):
        assert (_numbers(page), page.has_more, page.is_snapshot) == ([4, 5, 6], True, True)


async def test_a_snapshot_continues_from_the_readers_number(talk: ReadTalk) -> None:
    """It has the entries after the number, and says if there are more up to its head."""
    page = (await talk.snapshot(after=1, epoch="0")).page

    assert (_numbers(page), page.has_more, page.is_snapshot) == ([2, 3, 4], True, False)


async def test_nothing_in_a_snapshot_is_above_its_head(
    talk: ReadTalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that is added after the head was read is left to the pushes."""
    heads = talk.stage.store.entries.heads

    async def heads_before_another_entry(ids: list[str]) -> dict[str, int]:
        found = await heads(ids)
        await talk.add(1)
        return found

    monkeypatch.setattr(talk.stage.store.entries, "heads", heads_before_another_entry)
    following, newest = await talk.snapshot(after=5), await talk.snapshot()

    assert (_numbers(following.page), following.page.head) == ([6], 6)
    assert not following.page.has_more
    assert (_numbers(newest.page), newest.page.head) == ([5, 6, 7], 7)


async def test_a_snapshot_waits_for_a_head_that_lags(
    talk: ReadTalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an election the head lags for a moment; the reader has lost nothing."""
    monkeypatch.setattr(feeds, "HEAD_LAGS_S", 0.0)
    heads, lagging = talk.stage.store.entries.heads, [4, 5]

    async def lagging_heads(ids: list[str]) -> dict[str, int]:
        return dict.fromkeys(ids, lagging.pop(0)) if lagging else await heads(ids)

    monkeypatch.setattr(talk.stage.store.entries, "heads", lagging_heads)
    page = (await talk.snapshot(after=6)).page

    assert (page.entries, page.head, page.is_snapshot) == ([], 6, False)
    assert lagging == []


async def test_a_snapshot_has_the_read_position_of_each_participant(talk: ReadTalk) -> None:
    """Sending a message has moved the sender's position, without a write of its own."""
    await conversations.mark_position(
        talk.stage.world, talk.customer, talk.conversation, delivered=5, read=2
    )

    snapshot = await talk.snapshot()

    assert snapshot.conversation == talk.conversation
    assert [
        (position.account_id, position.delivered_sequence, position.read_sequence)
        for position in snapshot.read_positions
    ] == [(talk.customer.account_id, 5, 2), (talk.vendor.account_id, 6, 6)]


async def test_a_snapshot_is_refused_to_all_but_participants(talk: ReadTalk) -> None:
    """Nobody else learns that the conversation exists."""
    asked = feeds.read_snapshot(
        talk.stage.world, an_actor(), talk.conversation.id, after=None, epoch=None, limit=3
    )

    assert await refused(asked) is Code.NOT_FOUND


class Feed:
    """An RFI at revision 6, submitted with revision 3 after a change of the draft."""

    def __init__(self, stage: Stage, rfi: Rfi, customer: Actor, vendor: Actor) -> None:
        self.stage = stage
        self.rfi = rfi
        self.customer = customer
        self.vendor = vendor

    async def page(
        self, actor: Actor, after: int, limit: int = 10, epoch: str | None = None
    ) -> RevisionPage:
        """A page of revisions."""
        return await feeds.read_revisions(
            self.stage.world, actor, self.rfi.id, after=after, epoch=epoch, limit=limit
        )

    async def missed(
        self, actor: Actor, after: int | None, limit: int = 10, epoch: str | None = None
    ) -> RevisionPage:
        """All that were missed."""
        return await feeds.read_missed_revisions(
            self.stage.world, actor, self.rfi.id, after=after, epoch=epoch, limit=limit
        )


@pytest.fixture
async def feed(stage: Stage) -> Feed:
    """An RFI at revision 6, offered to a vendor."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await rfis.draft(stage.world, customer, rfi_content())
    await rfis.revise(stage.world, customer, rfi.id, 1, {"title": "Title 2"})
    await stage.offered(await rfis.submit(stage.world, customer, rfi.id, 2))
    for number in (4, 5, 6):
        content = {"title": f"Title {number}"}
        rfi = await rfis.revise(stage.world, customer, rfi.id, number - 1, content)
    return Feed(stage, rfi, customer, vendor)


def _revisions(page: RevisionPage) -> tuple[list[int], bool]:
    assert page.head == 6
    return [revision.revision for revision in page.revisions], page.is_snapshot


async def test_a_page_of_revisions_continues_from_the_readers_number(feed: Feed) -> None:
    """A number of another history gets the newest revisions."""
    assert _revisions(await feed.page(feed.customer, 0, limit=4)) == ([1, 2, 3, 4], False)
    assert _revisions(await feed.page(feed.customer, 4)) == ([5, 6], False)
    assert _revisions(await feed.page(feed.customer, 7, limit=2)) == ([5, 6], True)
    assert _revisions(await feed.page(feed.customer, 1, 2, "former")) == ([5, 6], True)


async def test_missed_revisions_are_returned_completely_or_not_at_all(feed: Feed) -> None:
    """An app that is too far behind, or of another history, gets the RFI without its past."""
    assert _revisions(await feed.missed(feed.customer, 2)) == ([3, 4, 5, 6], False)
    assert _revisions(await feed.missed(feed.customer, 6)) == ([], False)
    for after, limit, epoch in [(None, 10, None), (7, 10, None), (2, 3, None), (2, 10, "former")]:
        assert _revisions(await feed.missed(feed.customer, after, limit, epoch)) == ([], True)


async def test_a_revision_that_is_not_stored_leads_to_a_snapshot(feed: Feed) -> None:
    """The app gets a snapshot instead of changes with a hole."""
    del feed.stage.store.tables.revisions[feed.rfi.id, 5]

    assert _revisions(await feed.missed(feed.customer, 3)) == ([], True)
    assert _revisions(await feed.missed(feed.customer, 5)) == ([6], False)


async def test_a_vendor_sees_no_revision_from_before_the_submission(feed: Feed) -> None:
    """For a vendor, the revisions begin with the submission, however it asks."""
    assert _revisions(await feed.page(feed.vendor, 0)) == ([3, 4, 5, 6], False)
    assert _revisions(await feed.missed(feed.vendor, 0)) == ([3, 4, 5, 6], False)
    assert _revisions(await feed.missed(feed.vendor, 4)) == ([5, 6], False)
    assert (await feed.missed(feed.vendor, 0)).rfi.view is View.LIMITED


async def test_revisions_are_refused_to_a_vendor_without_an_offer(feed: Feed) -> None:
    """It cannot tell whether the RFI exists."""
    other = await feed.stage.vendor()

    assert await refused(feed.page(other, 0)) is Code.NOT_FOUND
    assert await refused(feed.missed(other, None)) is Code.NOT_FOUND
