"""Upload, claim, use, read and sweep attachments, in memory."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from marketplace.actions import conversations, rfis, uploads
from marketplace.actions.attachment_access import visible_attachment
from marketplace.actions.sweeping import sweep
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Attachment, AttachmentState, sent_form
from marketplace.domain.conversations import Conversation
from marketplace.domain.policy import Policy
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.ids import new_id
from marketplace.ports import Appended, World
from tests import memory
from tests.builders import a_conversation, an_actor, rfi_content
from tests.files import chunks
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage

PNG = b"\x89PNG and some pixels"
DAY = timedelta(days=1)


@dataclass
class Scene:
    """A conversation, its participants, and files."""

    stage: Stage
    conversation: Conversation
    customer: Actor
    vendor: Actor

    @property
    def world(self) -> World:
        """The in-memory world."""
        return self.stage.world

    @property
    def stored(self) -> dict[str, bytes]:
        """The bytes that are stored."""
        blobs = self.world.files.blobs
        assert isinstance(blobs, memory.blobs.Blobs)
        return blobs.stored

    async def photo(self, actor: Actor, content: bytes = PNG) -> Attachment:
        """A photo that the actor uploads in one request."""
        upload = await uploads.begin(self.world, actor, "sink.png", 1_000)
        await uploads.add_file(self.world, upload, chunks(content))
        received = await uploads.own_upload(self.world, actor, upload.id)
        return await uploads.finish(self.world, received)

    async def says(self, actor: Actor, *photos: Attachment, **named: Any) -> Appended:
        """Send a message with photos."""
        content = {"client_message_id": "m-1", "body": "Look", **named}
        return await conversations.send_message(
            self.world,
            actor,
            self.conversation,
            attachment_ids=[photo.id for photo in photos],
            **content,
        )

    async def sees(self, actor: Actor, attachment: Attachment) -> bool:
        """Whether the actor may read the attachment."""
        asked = visible_attachment(self.world, actor, attachment.id)
        (found,) = await asyncio.gather(asked, return_exceptions=True)
        if isinstance(found, ParleyError):
            assert found.code is Code.NOT_FOUND
            return False
        return found == await self.world.store.attachments.get(attachment.id)

    async def days_later(self, days: float = 1.001) -> None:
        """Let time pass, and sweep."""
        self.stage.clock.advance(days=days)
        await sweep(self.world)


@pytest.fixture
async def scene(stage: Stage) -> Scene:
    """A stored conversation without entries."""
    conversation = a_conversation()
    await stage.store.conversations.add(conversation)
    customer, vendor = conversation.participants
    await stage.vendor(id=vendor.account_id)
    return Scene(
        stage,
        conversation,
        Actor(customer.account_id, Role.CUSTOMER),
        Actor(vendor.account_id, Role.VENDOR),
    )


async def test_a_photo_is_ready_with_its_thumbnail(scene: Scene) -> None:
    """What was received is deleted; what is stored belongs to the attachment."""
    photo = await scene.photo(scene.customer)

    assert photo.state is AttachmentState.READY
    assert (photo.media_type, photo.bytes, photo.name) == ("image/png", len(PNG), "sink.png")
    assert scene.stored == {photo.content_id: PNG, photo.thumbnail_id: b"thumbnail"}
    for blob_id in scene.stored:
        record = await scene.world.store.blob_records.get(blob_id)
        assert record is not None
        assert record.is_served


async def test_parts_make_the_file_in_any_order(scene: Scene) -> None:
    """Sent again, a part changes nothing; completed again, so does the file."""
    upload = await uploads.begin(scene.world, scene.customer, "a.png", 25, part_bytes=10)
    content = b"\x89PNG5678901234567890abcde"
    for number in (3, 1, 2, 1):
        piece = content[(number - 1) * 10 : number * 10]
        await uploads.add_part(scene.world, upload, number, chunks(piece, 3))

    received = await uploads.own_upload(scene.world, scene.customer, upload.id)
    ready = await uploads.finish(scene.world, received)
    again = await uploads.finish(scene.world, received)

    assert again == ready
    assert scene.stored[ready.content_id or ""] == content
    assert len(scene.stored) == 2


@pytest.mark.parametrize("piece", [b"\x89PNG5678", b"\x89PNG567890X"])
async def test_a_part_of_another_length_is_refused(scene: Scene, piece: bytes) -> None:
    """Too short or too long; nothing of it is left."""
    upload = await uploads.begin(scene.world, scene.customer, "a.png", 25, part_bytes=10)

    code = await refused(uploads.add_part(scene.world, upload, 1, chunks(piece)))

    assert code is Code.VALIDATION_FAILED
    assert scene.stored == {}


async def test_a_part_with_other_bytes_is_refused(scene: Scene) -> None:
    """The first one stays, and the second leaves nothing."""
    upload = await uploads.begin(scene.world, scene.customer, "a.png", 25, part_bytes=10)
    await uploads.add_part(scene.world, upload, 2, chunks(b"0123456789"))

    code = await refused(uploads.add_part(scene.world, upload, 2, chunks(b"9876543210")))

    assert code is Code.WRONG_STATE
    assert list(scene.stored.values()) == [b"0123456789"]


async def test_a_file_with_another_hash_than_declared_is_refused(scene: Scene) -> None:
    """The file is deleted; its parts can be sent again under a new upload."""
    upload = await uploads.begin(
        scene.world, scene.customer, "a.png", 10, part_bytes=10, sha256="0" * 64
    )
    await uploads.add_part(scene.world, upload, 1, chunks(b"\x89PNG567890"))
    received = await uploads.own_upload(scene.world, scene.customer, upload.id)

    assert await refused(uploads.complete(scene.world, received)) is Code.VALIDATION_FAILED
    assert await scene.world.store.attachments.get(upload.id) is None
    assert scene.stored == {}


@pytest.mark.parametrize("word", [b"malware", b"damaged"])
async def test_what_the_checks_refuse_is_not_stored(scene: Scene, word: bytes) -> None:
    """Nothing is left of it, nor of the parts in which it came."""
    upload = await uploads.begin(scene.world, scene.customer, "a.png", 1_000)
    await uploads.add_file(scene.world, upload, chunks(PNG + word))
    received = await uploads.own_upload(scene.world, scene.customer, upload.id)

    assert await refused(uploads.complete(scene.world, received)) is Code.VALIDATION_FAILED

    tables = scene.stage.store.tables
    assert (scene.stored, tables.attachments, tables.blob_records) == ({}, {}, {})


async def test_an_unknown_type_is_refused_by_its_first_bytes(scene: Scene) -> None:
    """The rest is not even read."""
    upload = await uploads.begin(scene.world, scene.customer, "photo.png", 1_000_000)
    read = 0

    async def body() -> Any:
        nonlocal read
        for _ in range(1_000):
            read += 1_000
            yield b"<svg>" * 200

    assert await refused(uploads.add_file(scene.world, upload, body())) is (
        Code.UNSUPPORTED_MEDIA_TYPE
    )
    assert read < 10_000
    assert scene.stored == {}


async def test_a_message_contains_what_it_was_sent_with(scene: Scene) -> None:
    """The sent forms, in the order of the ids, and in the push."""
    first, second = await scene.photo(scene.customer), await scene.photo(scene.customer)

    sent = await scene.says(scene.customer, second, first, body="")

    assert [form["id"] for form in sent.entry.attachments] == [second.id, first.id]
    assert sent.entry.attachments[1] == sent_form(first)
    (told,) = scene.stage.live.named("message.sent")
    assert told.data["attachments"] == list(sent.entry.attachments)


async def test_a_resend_is_the_same_message(scene: Scene) -> None:
    """Also with attachments, whose claim it finds."""
    photo = await scene.photo(scene.customer)
    first = await scene.says(scene.customer, photo)

    again = await scene.says(scene.customer, photo)

    assert (again.is_new, again.entry) == (False, first.entry)


async def test_a_resend_after_the_deletion_is_answered_too(scene: Scene) -> None:
    """The attachments are gone; the message is still the answer."""
    photo = await scene.photo(scene.customer)
    first = await scene.says(scene.customer, photo)
    await conversations.delete_message(
        scene.world, scene.customer, scene.conversation, first.entry.id
    )

    again = await scene.says(scene.customer, photo)

    assert (again.is_new, again.entry.id) == (False, first.entry.id)


async def test_an_attachment_is_used_once(scene: Scene) -> None:
    """Neither in another message nor in an RFI, and twice in one message neither."""
    photo, other = await scene.photo(scene.customer), await scene.photo(scene.customer)
    await scene.says(scene.customer, photo)
    draft = rfi_content(attachment_ids=[photo.id])

    for asked in (
        scene.says(scene.customer, photo, client_message_id="m-2"),
        scene.says(scene.customer, other, other, client_message_id="m-3"),
        rfis.draft(scene.world, scene.customer, draft),
    ):
        assert await refused(asked) is Code.VALIDATION_FAILED


async def test_another_accounts_attachment_is_like_an_unknown_one(scene: Scene) -> None:
    """Word for word."""
    photo = await scene.photo(scene.vendor)
    unknown = replace(photo, id=new_id())

    texts = set()
    for attachment in (photo, unknown):
        with pytest.raises(ParleyError) as found:
            await scene.says(scene.customer, attachment)
        texts.add((found.value.code, found.value.message))

    assert texts == {
        (Code.VALIDATION_FAILED, "attachment_ids: There is no attachment with this id.")
    }


async def test_other_attachments_under_the_same_id_are_refused(scene: Scene) -> None:
    """And stay free for another message."""
    photo, other = await scene.photo(scene.customer), await scene.photo(scene.customer)
    await scene.says(scene.customer, photo)

    assert await refused(scene.says(scene.customer, other)) is Code.CLIENT_MESSAGE_ID_REUSED

    assert (await scene.says(scene.customer, other, client_message_id="m-2")).is_new
    assert await scene.sees(scene.vendor, photo)


async def test_a_blocked_message_leaves_its_attachments_free(scene: Scene) -> None:
    """They can be sent once the conversation is open again."""
    photo = await scene.photo(scene.customer)
    blocked = replace(scene.conversation, blocked_by=(scene.vendor.account_id,))
    await scene.stage.store.conversations.save(blocked)

    assert await refused(scene.says(scene.customer, photo)) is Code.BLOCKED

    await scene.stage.store.conversations.save(scene.conversation)
    assert (await scene.says(scene.customer, photo, client_message_id="m-2")).is_new


async def test_who_sees_the_attachment_of_a_message(scene: Scene) -> None:
    """Participants and admins; everybody else gets the answer of an unknown id."""
    photo = await scene.photo(scene.customer)
    others = [an_actor(role) for role in (Role.CUSTOMER, Role.VENDOR)]
    assert await scene.sees(scene.customer, photo)
    assert not await scene.sees(scene.vendor, photo)

    sent = await scene.says(scene.customer, photo)

    assert await scene.sees(scene.vendor, photo)
    assert await scene.sees(an_actor(Role.ADMIN), photo)
    assert [await scene.sees(other, photo) for other in others] == [False, False]
    await conversations.delete_message(
        scene.world, scene.customer, scene.conversation, sent.entry.id
    )
    for actor in (scene.customer, scene.vendor, an_actor(Role.ADMIN)):
        assert not await scene.sees(actor, photo)


async def test_a_deleted_messages_files_are_not_served_and_then_deleted(scene: Scene) -> None:
    """At once, whatever URLs are about; their bytes go with the next sweep."""
    photo = await scene.photo(scene.customer)
    sent = await scene.says(scene.customer, photo)

    await conversations.delete_message(
        scene.world, scene.customer, scene.conversation, sent.entry.id
    )

    record = await scene.world.store.blob_records.get(photo.content_id or "")
    assert record is not None
    assert not record.is_served
    await scene.days_later()
    assert scene.stored == {}


async def test_who_sees_the_attachment_of_an_rfi(scene: Scene) -> None:
    """Who sees the RFI: its customer, and vendors from the offer on."""
    photo = await scene.photo(scene.customer)
    draft = await rfis.draft(scene.world, scene.customer, rfi_content(attachment_ids=[photo.id]))
    assert draft.attachment_ids == (photo.id,)
    assert await scene.sees(scene.customer, photo)
    assert not await scene.sees(scene.vendor, photo)

    rfi = await rfis.submit(scene.world, scene.customer, draft.id, 1)
    await scene.stage.offered(rfi)

    assert await scene.sees(scene.vendor, photo)
    assert not await scene.sees(an_actor(Role.VENDOR), photo)


async def test_an_attachment_taken_out_of_an_rfi_is_free_again(scene: Scene) -> None:
    """It may be put back within a day; the others stay."""
    first, second = await scene.photo(scene.customer), await scene.photo(scene.customer)
    ids = [first.id, second.id]
    rfi = await rfis.draft(scene.world, scene.customer, rfi_content(attachment_ids=ids))

    without = await rfis.revise(
        scene.world, scene.customer, rfi.id, 1, {"attachment_ids": [second.id]}
    )
    assert (await scene.world.store.attachments.get_many([first.id]))[first.id].owner is None
    await rfis.revise(
        scene.world, scene.customer, rfi.id, without.revision, {"attachment_ids": ids}
    )

    await scene.days_later()
    assert len(scene.stored) == 4


async def test_what_was_never_used_is_deleted_after_a_day(scene: Scene) -> None:
    """Ready or half-uploaded; what a message or an RFI has is kept."""
    unused, sent, drafted = [await scene.photo(scene.customer) for _ in range(3)]
    await uploads.begin(scene.world, scene.customer, "half.png", 10, part_bytes=10)
    await scene.says(scene.customer, sent)
    draft = rfi_content(attachment_ids=[drafted.id])
    await rfis.draft(scene.world, scene.customer, draft)

    await scene.days_later(0.9)
    assert len(scene.stored) == 6
    await scene.days_later(0.2)

    kept = {sent.content_id, sent.thumbnail_id, drafted.content_id, drafted.thumbnail_id}
    assert scene.stored.keys() == kept
    assert scene.stage.store.tables.attachments.keys() == {sent.id, drafted.id}
    assert unused.id not in scene.stage.store.tables.attachments


async def test_a_kill_between_claim_and_message_deletes_nothing_that_was_sent(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the message was written or not: the sweep looks it up, and a resend succeeds."""
    written, lost = await scene.photo(scene.customer), await scene.photo(scene.customer)
    append = scene.world.entry_log.append

    async def killed(entry: Any) -> Appended:
        if entry.client_message_id == "written":
            await append(entry)
        raise TemporaryError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(scene.world.entry_log, "append", killed)
        for photo, name in ((written, "written"), (lost, "lost")):
            with pytest.raises(TemporaryError):
                await scene.says(scene.customer, photo, client_message_id=name)

    assert await scene.sees(scene.vendor, written)
    assert not await scene.sees(scene.vendor, lost)
    assert (await scene.says(scene.customer, lost, client_message_id="lost")).is_new
    for _ in range(3):
        await scene.days_later()
    assert scene.stored.keys() >= {written.content_id, lost.content_id}


async def test_what_a_lost_message_claimed_is_deleted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If nobody sends it again."""
    photo = await scene.photo(scene.customer)

    async def killed(entry: Any) -> Appended:
        raise TemporaryError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(scene.world.entry_log, "append", killed)
        with pytest.raises(TemporaryError):
            await scene.says(scene.customer, photo)

    for _ in range(3):
        await scene.days_later()

    assert scene.stored == {}


async def test_a_blob_without_an_owner_is_deleted_after_a_day(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process left when it died while it wrote a file."""

    async def breaks_off() -> Any:
        yield PNG
        raise ConnectionError

    async def delete(_: str) -> None:
        raise TemporaryError("killed")

    upload = await uploads.begin(scene.world, scene.customer, "a.png", 1_000)
    with monkeypatch.context() as patch:
        patch.setattr(scene.world.files.blobs, "delete", delete)
        with pytest.raises(ConnectionError):
            await uploads.add_file(scene.world, upload, breaks_off())
    assert len(scene.stage.store.tables.blob_records) == 1

    await scene.days_later()

    assert scene.stage.store.tables.blob_records == {}


async def test_the_quotas_count_what_is_uploading_too(scene: Scene) -> None:
    """Files and bytes of a day, and the bytes of all."""
    policy = Policy(most_uploads_a_day=3, most_upload_bytes_a_day=250, most_stored_bytes=300)
    world = replace(scene.world, policy=policy)
    for size in (100, 100):
        await uploads.begin(world, scene.customer, "a.png", size)

    assert await refused(uploads.begin(world, scene.customer, "a.png", 51)) is Code.RATE_LIMITED
    await uploads.begin(world, scene.customer, "a.png", 10)
    assert await refused(uploads.begin(world, scene.customer, "a.png", 1)) is Code.RATE_LIMITED
    scene.stage.clock.advance(days=1, seconds=1)
    assert await refused(uploads.begin(world, scene.customer, "a.png", 91)) is Code.AT_CAPACITY
    await uploads.begin(world, scene.customer, "a.png", 90)
    await uploads.begin(world, scene.vendor, "a.png", 250)
