"""A vendor's pictures, and the files of its documents."""

import pytest

from marketplace.actions import vendor_documents, vendors
from marketplace.actions.attachment_access import visible_attachment
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Owner, OwnerKind
from marketplace.errors import Code
from tests.builders import an_attachment
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_vendor_documents import details

ADMIN = Actor("admin-1", Role.ADMIN)


async def a_file(stage: Stage, actor: Actor, media_type: str = "image/jpeg") -> str:
    """A file that the vendor has uploaded; returns its id."""
    attachment = an_attachment(account_id=actor.account_id, media_type=media_type)
    await stage.store.attachments.add(attachment)
    return attachment.id


async def owner_of(stage: Stage, attachment_id: str) -> Owner | None:
    """What owns the file."""
    found = await stage.store.attachments.get(attachment_id)
    assert found is not None
    return found.owner


@pytest.mark.parametrize("media_type", ["image/png", "application/pdf"])
async def test_a_document_owns_its_file_until_it_is_deleted(stage: Stage, media_type: str) -> None:
    """The vendor and admins may see it, and nobody else."""
    actor, other = await stage.vendor(), await stage.vendor()
    file = await a_file(stage, actor, media_type)

    document = await vendor_documents.add(stage.world, actor, details(attachment_id=file))

    assert await owner_of(stage, file) == Owner(OwnerKind.VENDOR_DOCUMENT, document.id)
    for reader in (actor, ADMIN):
        assert (await visible_attachment(stage.world, reader, file)).id == file
    for reader in (other, await stage.customer()):
        assert await refused(visible_attachment(stage.world, reader, file)) is Code.NOT_FOUND
    await vendor_documents.remove(stage.world, actor, document.id)
    assert await owner_of(stage, file) is None


async def test_a_file_that_cannot_be_a_document_is_refused(stage: Stage) -> None:
    """Audio, somebody else's file, one that is used elsewhere, and an unknown id."""
    actor, other = await stage.vendor(), await stage.vendor()
    used = await a_file(stage, actor)
    await vendor_documents.add(stage.world, actor, details(attachment_id=used))
    files = [await a_file(stage, actor, "audio/mp4"), await a_file(stage, other), used, "unknown"]
    before = stage.store.tables.snapshot()

    for file in files:
        add = vendor_documents.add(stage.world, actor, details(attachment_id=file))
        assert await refused(add) is Code.VALIDATION_FAILED
    assert stage.store.tables.snapshot() == before


async def test_pictures_are_for_everybody_with_a_log_in(stage: Stage) -> None:
    """Those that the vendor replaces are free again."""
    actor = await stage.vendor()
    first, second, third = [await a_file(stage, actor) for _ in range(3)]

    await vendors.update_profile(stage.world, actor, {"picture_ids": [first, second]})
    changed = await vendors.update_profile(stage.world, actor, {"picture_ids": [second, third]})

    assert changed.picture_ids == (second, third)
    assert await owner_of(stage, first) is None
    assert await owner_of(stage, second) == Owner(OwnerKind.VENDOR, actor.account_id)
    customer = await stage.customer()
    assert (await visible_attachment(stage.world, customer, third)).id == third
    unused = visible_attachment(stage.world, customer, first)
    assert await refused(unused) is Code.NOT_FOUND


async def test_a_picture_is_an_image_of_ones_own(stage: Stage) -> None:
    """A PDF, and somebody else's image, are refused and change nothing."""
    actor, other = await stage.vendor(), await stage.vendor()
    files = [await a_file(stage, actor, "application/pdf"), await a_file(stage, other)]
    before = stage.store.tables.snapshot()

    for file in files:
        change = vendors.update_profile(stage.world, actor, {"picture_ids": [file]})
        assert await refused(change) is Code.VALIDATION_FAILED
    assert stage.store.tables.snapshot() == before
