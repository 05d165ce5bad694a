"""Messages with attachments over the socket."""

import asyncio

from marketplace.domain.attachments import Attachment, AttachmentState, sent_form
from marketplace.storage import MongoStore
from tests.builders import an_attachment
from tests.realtime.apps import Talk
from tests.realtime.conftest import Connect, Gateways


async def a_photo_of(store: MongoStore, talk: Talk) -> Attachment:
    """A photo that the customer has uploaded."""
    photo = an_attachment(account_id=talk.customer.id)
    await store.attachments.add(photo)
    return photo


async def test_a_message_is_pushed_with_its_attachments(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """The acknowledgement, both pushes and the page of entries contain the same; no words needed."""
    customer = await connect(gateways[0], talk.customer)
    vendor = await connect(gateways[1], talk.vendor)
    for app in (customer, vendor):
        await app.ok("join_conversation", talk.named())
    photo = await a_photo_of(store, talk)

    call = talk.says("m-1", "") | {"attachment_ids": [photo.id]}
    message = (await customer.ok("send_message", call))["message"]
    for app in (customer, vendor):
        await app.has_up_to(1)

    assert message["attachments"] == [sent_form(photo)]
    assert customer.named("message.sent") == vendor.named("message.sent") == [message]
    page = await vendor.ok("fetch_entries", talk.named(after_sequence=0))
    assert page["entries"][0]["attachments"] == message["attachments"]


async def test_of_messages_through_two_gateways_one_has_the_attachment(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """However they race; the others are refused and leave no entry."""
    apps = [await connect(gateway, talk.customer) for gateway in gateways]
    photo = await a_photo_of(store, talk)

    answers = await asyncio.gather(
        *(
            apps[n % 2].call("send_message", talk.says(f"m-{n}") | {"attachment_ids": [photo.id]})
            for n in range(16)
        )
    )

    assert [answer["ok"] for answer in answers].count(True) == 1
    refused = {answer["error"]["code"] for answer in answers if not answer["ok"]}
    assert refused == {"validation_failed"}
    assert len(await store.entries.after(talk.id, 0, 50)) == 1


async def test_a_resend_through_another_gateway_is_the_same_message(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """It finds the claim of the first attempt, also while that one is in flight."""
    apps = [await connect(gateway, talk.customer) for gateway in gateways]
    photo = await a_photo_of(store, talk)
    call = talk.says("m-1") | {"attachment_ids": [photo.id]}

    answers = await asyncio.gather(*(apps[n % 2].ok("send_message", call) for n in range(8)))

    assert len({answer["message"]["id"] for answer in answers}) == 1


async def test_what_may_not_be_sent_is_refused(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """The other side's attachment, an unknown one, one that is uploading; and a blank message."""
    customer = await connect(gateways[0], talk.customer)
    theirs = an_attachment(account_id=talk.vendor.id)
    half = an_attachment(account_id=talk.customer.id, state=AttachmentState.UPLOADING)
    for attachment in (theirs, half):
        await store.attachments.add(attachment)

    for ids in ([theirs.id], [half.id], ["unknown"], []):
        call = talk.says("m-1", " ") | {"attachment_ids": ids}
        assert await customer.refused("send_message", call) == "validation_failed"

    assert await store.entries.after(talk.id, 0, 50) == []


async def test_deleting_a_message_deletes_its_attachments(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """In the same transaction; deleting it again gets the first answer."""
    customer = await connect(gateways[0], talk.customer)
    photo = await a_photo_of(store, talk)
    call = talk.says("m-1") | {"attachment_ids": [photo.id]}
    message = (await customer.ok("send_message", call))["message"]

    deletion = talk.named(message_id=message["id"])
    first = await customer.ok("delete_message", deletion)
    again = await customer.ok("delete_message", deletion)

    assert again == first
    assert await store.attachments.get(photo.id) is None
