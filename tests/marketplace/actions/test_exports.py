"""Everything about an account, file by file."""

from typing import Any

from marketplace.actions import blobs, exports
from marketplace.actions.exports import ExportCopy, ExportList
from marketplace.domain.accounts import Actor
from tests.builders import an_attachment, an_upload
from tests.files import chunks, joined
from tests.marketplace.actions.mail import changes
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_erasures import an_affair


async def exported(stage: Stage, actor: Actor) -> dict[str, list[Any]]:
    """The items of each file."""
    account = await exports.begin(stage.world, actor)
    return {
        file.name: [item async for item in file.items]
        async for file in exports.files(stage.world, account)
        if isinstance(file, ExportList)
    }


async def test_a_customer_gets_the_rfis_with_every_revision_and_what_was_said(
    stage: Stage,
) -> None:
    """The export has the private values, which are the customer's own, and tells the owner."""
    customer, _, rfi, match = await an_affair(stage)

    files = await exported(stage, customer)

    assert [item["id"] for item in files["account.json"]] == [customer.account_id]
    assert "password" not in str(files)
    kinds = [next(iter(item)) for item in files["rfis.json"]]
    assert kinds == ["rfi", "revision", "revision"]
    assert files["rfis.json"][0]["rfi"]["address"] == rfi.address
    talk = files[f"conversations/{match.conversation_id}.json"]
    assert talk[0]["rfi_id"] == rfi.id
    assert [item["sequence"] for item in talk[1:]] == [*range(1, len(talk))]
    assert changes(stage, customer.account_id) == ["data_exported"]


async def test_a_vendor_gets_the_profile_the_matches_and_the_quotes(stage: Stage) -> None:
    """A vendor's export has nothing of the customer's beyond what its match shows."""
    _, vendor, rfi, match = await an_affair(stage)

    files = await exported(stage, vendor)

    assert [item["id"] for item in files["vendor.json"]] == [vendor.account_id]
    own, figures = files["matches.json"]
    assert (own["match"]["id"], own["quote"]["rfi_id"]) == (match.id, rfi.id)
    assert figures["quote_revision"]["amount_minor"] == own["quote"]["amount_minor"]
    assert figures["quote_revision"]["revision"] == 1
    assert "1437 Bannock" not in str(files)
    assert "rfis.json" not in files


async def test_nobody_gets_what_is_not_theirs(stage: Stage) -> None:
    """Another customer's export has no trace of the first one's RFI or conversation."""
    _, _, rfi, match = await an_affair(stage)
    other = await stage.customer()

    files = await exported(stage, other)

    assert files["rfis.json"] == []
    assert not [name for name in files if name.startswith("conversations/")]
    assert rfi.id not in str(files)
    assert match.id not in str(files)


async def test_an_export_has_a_copy_of_each_file(stage: Stage) -> None:
    """The files that the account uploaded, whatever they belong to, and those of nobody else."""
    customer, other = await stage.customer(), await stage.customer()
    for actor, content in ((customer, b"a photo"), (other, b"not theirs")):
        await _uploaded(stage, actor, content)
    await stage.store.attachments.add(an_upload(account_id=customer.account_id))

    account = await exports.begin(stage.world, customer)
    copies = {
        file.name: await joined(file.chunks)
        async for file in exports.files(stage.world, account)
        if isinstance(file, ExportCopy)
    }

    (name,) = copies
    assert name.endswith("/sink.jpg")
    assert copies[name] == b"a photo"


async def _uploaded(stage: Stage, actor: Actor, content: bytes) -> None:
    blob = await blobs.put(stage.world, chunks(content), name="sink.jpg", media_type="image/jpeg")
    attachment = an_attachment(account_id=actor.account_id, content_id=blob.id)
    await stage.store.attachments.add(attachment)
