"""Everything about one account, file by file, without holding more than a page of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeVar

from marketplace.actions import accounts, notifications, quote_reading
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, OwnAccount, Role
from marketplace.domain.attachments import Attachment, AttachmentState, sent_form
from marketplace.domain.conversations import Conversation
from marketplace.domain.notifications import SecurityChange
from marketplace.domain.pages import every_item
from marketplace.domain.quotes import Quote
from marketplace.ports import Repositories, World
from marketplace.schemas import views
from marketplace.schemas.accounts import AccountView, AddressView, SessionView
from marketplace.schemas.audit import AuditRecordView
from marketplace.schemas.conversations import ConversationView
from marketplace.schemas.matches import MatchView
from marketplace.schemas.members import MemberView
from marketplace.schemas.notifications import NotificationView
from marketplace.schemas.passkeys import PasskeyView
from marketplace.schemas.quotes import QuoteRevisionView, QuoteView
from marketplace.schemas.reports import FiledReport
from marketplace.schemas.rfis import RevisionView, RfiView
from marketplace.schemas.strict import Strict
from marketplace.schemas.vendor_documents import VendorDocumentView
from marketplace.schemas.vendor_profiles import WholeVendorView

T = TypeVar("T")
_PAGE = 100
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportList:
    """A file of an export: its name, and its items, which become a JSON list."""

    name: str
    items: AsyncIterator[Item]


@dataclass(frozen=True, slots=True)
class ExportCopy:
    """A file of an export that is the copy of an attachment: its name, and its bytes."""

    name: str
    chunks: AsyncIterator[bytes]


ExportFile = ExportList | ExportCopy


async def begin(world: World, actor: Actor) -> OwnAccount:
    """Tell the owner that their data is exported, and return the account.

    Raises:
        ParleyError: `unauthenticated` if the account no longer exists.
    """
    account = await accounts.own_account(world, actor)
    notice = notifications.security(account, SecurityChange.DATA_EXPORTED, world.clock.now())

    async def work(tx: Repositories) -> list[FeedItem]:
        return await notifications.add(tx, notice)

    await notifications.announce(world, await world.store.transact(work))
    return await accounts.as_seen(world, account)


async def files(world: World, account: OwnAccount) -> AsyncIterator[ExportFile]:
    """The files, in order; each must be read before the next."""
    store, id_ = world.store, account.id
    yield ExportList("account.json", _one(AccountView(), account))
    addresses = await store.addresses.of_account(id_)
    yield ExportList("addresses.json", _listed(AddressView(), addresses))
    passkeys = await store.passkeys.of_account(id_)
    yield ExportList("passkeys.json", _listed(PasskeyView(), passkeys))
    sessions = every_item(lambda request: store.sessions.of_account(id_, request))
    yield ExportList("log-ins.json", _written(SessionView(), sessions))
    notified = every_item(lambda request: store.notifications.of_account(id_, request))
    yield ExportList("notifications.json", _written(NotificationView(), notified))
    yield ExportList("feed.json", _told(world, id_))
    reported = every_item(lambda request: store.reports.by_reporter(id_, request))
    yield ExportList("reports.json", _written(FiledReport(), reported))
    if account.role is Role.VENDOR:
        async for file in _of_vendor(world, id_):
            yield file
    else:
        yield ExportList("rfis.json", _rfis(world, id_))
    sent = (sent_form(attachment) async for attachment in _attachments(world, id_))
    yield ExportList("attachments.json", sent)
    async for conversation in every_item(
        lambda request: store.conversations.of_account(id_, request)
    ):
        name = f"conversations/{conversation.id}.json"
        yield ExportList(name, _entries(world, conversation))
    async for attachment in _attachments(world, id_):
        chunks = world.files.blobs.read(attachment.content_id or "")
        yield ExportCopy(f"attachments/{attachment.id}/{attachment.name}", chunks)


async def _told(world: World, account_id: str) -> AsyncIterator[Item]:
    """What the account was told."""
    store, after = world.store.feed, 0
    while items := await store.after(account_id, after, _PAGE):
        for item in items:
            yield views.item_view(item)
        after = items[-1].position


async def _of_vendor(world: World, vendor_id: str) -> AsyncIterator[ExportFile]:
    """A vendor's profile, documents, team and own changes; what a member of a team is in it."""
    store = world.store
    vendor, member = await store.vendors.get(vendor_id), await store.members.get(vendor_id)
    if vendor is not None:
        yield ExportList("vendor.json", _one(WholeVendorView(), vendor))
    if member is not None:
        yield ExportList("membership.json", _one(MemberView(), member))
    documents = await store.vendor_documents.of_vendor(vendor_id)
    yield ExportList("documents.json", _listed(VendorDocumentView(), documents))
    team = await store.members.of_vendor(vendor_id)
    yield ExportList("team.json", _listed(MemberView(), team))
    changes = every_item(lambda request: store.audit.of(vendor_id, vendor_id, request))
    yield ExportList("changes.json", _written(AuditRecordView(), changes))
    yield ExportList("matches.json", _matches(world, vendor_id))


async def _rfis(world: World, customer_id: str) -> AsyncIterator[Item]:
    """Each RFI, followed by its revisions."""
    store = world.store.rfis
    rfi_view, revision_view = RfiView(), RevisionView()
    async for rfi in every_item(lambda request: store.of_customer(customer_id, request)):
        yield {"rfi": rfi_view.dump(rfi)}
        after = 0
        while revisions := await store.revisions(rfi.id, after, _PAGE):
            for revision in revisions:
                yield {"revision": revision_view.dump(revision)}
            after = revisions[-1].revision


async def _matches(world: World, vendor_id: str) -> AsyncIterator[Item]:
    """Each match with the vendor's quote, followed by the revisions of the quote."""
    store, match_view, quote_view = world.store, MatchView(), QuoteView()
    now = world.clock.now()
    async for match in every_item(
        lambda request: store.matches.of_vendor(vendor_id, None, request, now)
    ):
        quote = await store.quotes.of_pair(match.rfi_id, vendor_id)
        yield {
            "match": match_view.dump(world.current_match(match)),
            "quote": None if quote is None else quote_view.dump(quote),
        }
        if quote is not None:
            async for revision in _quote_revisions(world, quote):
                yield revision


async def _quote_revisions(world: World, quote: Quote) -> AsyncIterator[Item]:
    view, after = QuoteRevisionView(), 0
    while revisions := await quote_reading.revisions_of(world, quote, after, _PAGE):
        for revision in revisions:
            yield {"quote_revision": view.dump(revision)}
        after = revisions[-1].revision


async def _entries(world: World, conversation: Conversation) -> AsyncIterator[Item]:
    """The conversation, and then its entries, as a participant sees them."""
    yield ConversationView().dump(conversation)
    sequence = 0
    while True:
        entries = await world.store.entries.after(conversation.id, sequence, _PAGE)
        for entry in entries:
            yield views.entry_view(entry)
        if len(entries) < _PAGE:
            return
        sequence = entries[-1].sequence


async def _attachments(world: World, account_id: str) -> AsyncIterator[Attachment]:
    """The files that the account has uploaded completely."""
    store = world.store.attachments
    async for attachment in every_item(lambda request: store.of_account(account_id, request)):
        if attachment.state is AttachmentState.READY:
            yield attachment


async def _one(view: Strict, value: object) -> AsyncIterator[Item]:
    yield view.dump(value)


async def _listed(view: Strict, values: list[T]) -> AsyncIterator[Item]:
    for value in values:
        yield view.dump(value)


async def _written(view: Strict, values: AsyncIterator[T]) -> AsyncIterator[Item]:
    async for value in values:
        yield view.dump(value)
