"""A vendor's team."""

from dataclasses import replace

from marketplace.actions import accounts, erasures, members, sessions, vendor_documents, vendors
from marketplace.actions.codes import new_code
from marketplace.actions.matches import accept
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.codes import CodePurpose
from marketplace.domain.members import Member, MemberRole
from marketplace.domain.pages import PageRequest
from marketplace.errors import Code
from tests.builders import a_session, an_account
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_exports import exported
from tests.marketplace.actions.test_vendor_documents import details

ADMIN = Actor("admin-1", Role.ADMIN)
EMAIL = "ana@team.example"


async def invited(stage: Stage, vendor: Actor, email: str = EMAIL) -> Member:
    """An agent of the vendor."""
    return await members.invite(stage.world, vendor, email, MemberRole.AGENT)


async def a_conversation_of(stage: Stage, vendor: Actor) -> str:
    """A conversation that the vendor has with a customer."""
    customer = await stage.customer()
    match = (await stage.offered(await stage.submitted(customer)))[vendor.account_id]
    accepted = await accept(stage.world, vendor, match.id)
    assert accepted.conversation_id is not None
    return accepted.conversation_id


async def test_an_invited_person_gets_an_account_that_acts_for_the_vendor(stage: Stage) -> None:
    """With an event, from which `notify` writes to them, and an audit record."""
    vendor = await stage.vendor()

    member = await invited(stage, vendor)

    account = await stage.store.accounts.get(member.id)
    assert account is not None
    assert (account.role, account.email, account.phone) == (Role.VENDOR, EMAIL, None)
    assert await members.vendor_id_of(stage.world, account) == vendor.account_id
    assert await members.team(stage.world, vendor) == [member]
    written = list(stage.store.tables.outbox.values())[-1]
    assert (written.name, written.key) == ("vendor.member_invited", vendor.account_id)
    assert EMAIL not in str(written.data)
    assert (account.password_hash, account.credentials) == ("", 0)
    (push,) = stage.live.named("team.updated")
    assert (push.room, push.position) == (f"account:{vendor.account_id}", 1)
    assert (push.data["account_id"], push.data["role"]) == (member.id, "agent")
    page = await stage.store.audit.of(vendor.account_id, None, PageRequest())
    assert page.items[0].changes[0].new == "agent"


async def test_a_team_shows_the_addresses_that_its_members_have_now(stage: Stage) -> None:
    """Not those that they were invited under."""
    vendor = await stage.vendor()
    member = await invited(stage, vendor)
    account = await stage.store.accounts.get(member.id)
    assert account is not None
    await stage.store.accounts.save(replace(account, email="ana@new.example"))

    (listed,) = await members.team(stage.world, vendor)

    assert listed == replace(member, email="ana@new.example")


async def test_somebody_elses_address_is_taken(stage: Stage) -> None:
    """A customer, another vendor, the vendor itself, and a member of any team."""
    vendor, other = await stage.vendor(), await stage.vendor()
    await stage.store.accounts.add(an_account(email="carla@customers.example"))
    await invited(stage, other, "luis@team.example")
    own = await stage.store.accounts.get(vendor.account_id)
    assert own is not None
    before = stage.store.tables.snapshot()

    for email in ("carla@customers.example", "luis@team.example", own.email):
        assert await refused(invited(stage, vendor, email)) is Code.EMAIL_TAKEN
    assert stage.store.tables.snapshot() == before


async def test_a_removed_member_loses_everything_at_once(stage: Stage) -> None:
    """Their log-ins and assignments end in the same write, and gateways are told."""
    vendor = await stage.vendor()
    member = await invited(stage, vendor)
    talk = await a_conversation_of(stage, vendor)
    await members.assign(stage.world, vendor, talk, member.id)
    session = a_session(account_id=member.id)
    await stage.store.sessions.add(session)

    ended = await members.remove(stage.world, vendor, member.id)

    assert ended == [session.id]
    assert await stage.store.sessions.alive([session.id]) == set()
    assert await members.team(stage.world, vendor) == []
    page = await members.assignments(stage.world, vendor, None, PageRequest())
    assert page.items == ()
    (signal,) = [
        signal for signal in stage.live.signals if signal.data.get("session_id") == session.id
    ]
    assert signal.room == f"account:{vendor.account_id}"
    assert stage.event_names()[-1] == "vendor.member_removed"


async def test_a_members_log_in_ends_where_it_is_connected(stage: Stage) -> None:
    """A member's apps are in the vendor's room, however the log-in ends."""
    vendor = await stage.vendor()
    member = await invited(stage, vendor)
    own = Actor(member.id, Role.VENDOR)
    ended = []
    for end in ("log_out", "end", "end_all", "erase"):
        session = a_session(account_id=member.id)
        await stage.store.sessions.add(session)
        if end == "log_out":
            await accounts.log_out(stage.world, member.id, session.id)
        elif end == "end":
            await sessions.end(stage.world, own, session.id)
        elif end == "end_all":
            await sessions.end_all(stage.world, own)
        else:
            await erasures.erase(stage.world, own)
        ended.append(session.id)

    signals = [signal for signal in stage.live.signals if "session_id" in signal.data]
    assert [signal.data["session_id"] for signal in signals] == ended
    assert {signal.room for signal in signals} == {f"account:{vendor.account_id}"}


async def test_a_role_is_changed_with_its_record_event_and_push(stage: Stage) -> None:
    """The same role again changes nothing."""
    vendor = await stage.vendor()
    member = await invited(stage, vendor)

    for _ in range(2):
        changed = await members.change_role(stage.world, vendor, member.id, MemberRole.OWNER)
        assert changed.role is MemberRole.OWNER

    assert await members.team(stage.world, vendor) == [changed]
    assert stage.event_names()[-2:] == ["vendor.member_invited", "vendor.member_changed"]
    assert [push.data["role"] for push in stage.live.named("team.updated")] == ["agent", "owner"]
    page = await stage.store.audit.of(vendor.account_id, None, PageRequest())
    (change,) = page.items[0].changes
    assert (change.old, change.new) == ("agent", "owner")


async def test_an_address_that_somebody_may_get_back_is_taken(stage: Stage) -> None:
    """As at a registration."""
    vendor = await stage.vendor()
    code = new_code(CodePurpose.EMAIL_UNDO, "somebody", EMAIL, stage.clock.now())
    await stage.store.codes.put(code)

    assert await refused(invited(stage, vendor)) is Code.EMAIL_TAKEN


async def test_an_erased_member_is_in_no_team(stage: Stage) -> None:
    """The team is told, and the conversations are assigned to nobody."""
    vendor = await stage.vendor()
    member = await invited(stage, vendor)
    talk = await a_conversation_of(stage, vendor)
    await members.assign(stage.world, vendor, talk, member.id)

    await erasures.erase(stage.world, Actor(member.id, Role.VENDOR))

    assert await members.team(stage.world, vendor) == []
    assert await stage.store.assignments.get(talk) is None
    assert stage.live.named("team.updated")[-1].data["role"] is None
    assert stage.event_names()[-1] == "vendor.member_removed"
    assert EMAIL not in str(stage.store.tables.members | stage.store.tables.accounts)


async def test_an_erased_vendor_leaves_no_team_and_no_document(stage: Stage) -> None:
    """Its members' log-ins end; the audit trail keeps what was done without the values."""
    vendor = await stage.vendor()
    member = await invited(stage, vendor)
    talk = await a_conversation_of(stage, vendor)
    await members.assign(stage.world, vendor, talk, member.id)
    session = a_session(account_id=member.id)
    await stage.store.sessions.add(session)
    await vendor_documents.add(stage.world, vendor, details(number="PL-4711"))
    await vendors.update_profile(stage.world, vendor, {"company": "Secret Cedar"})

    assert session.id in await erasures.erase(stage.world, vendor)
    while await erasures.run_due(stage.world):
        pass

    kept = stage.store.tables
    assert not kept.members | kept.assignments | kept.vendor_documents | kept.vendors
    assert await stage.store.accounts.get(member.id) is not None
    page = await stage.store.audit.of(vendor.account_id, None, PageRequest())
    assert {record.action for record in page.items} >= {"vendor.updated", "vendor.document_added"}
    assert not {"Secret Cedar", "PL-4711"} & {*str(page.items).split("'")}


async def test_an_export_has_the_team_the_documents_and_the_own_changes(stage: Stage) -> None:
    """A member's has the membership, and nothing of the vendor's."""
    vendor = await stage.vendor()
    member = await invited(stage, vendor)
    await vendor_documents.add(stage.world, vendor, details(number="PL-4711"))
    await vendors.decide(stage.world, ADMIN, vendor.account_id, "suspend", "Complaints.")

    files = await exported(stage, vendor)
    of_member = await exported(stage, Actor(member.id, Role.VENDOR))

    assert [item["id"] for item in files["team.json"]] == [member.id]
    assert [item["number"] for item in files["documents.json"]] == ["PL-4711"]
    assert {item["actor_id"] for item in files["changes.json"]} == {vendor.account_id}
    assert [item["role"] for item in of_member["membership.json"]] == ["agent"]
    assert "PL-4711" not in str(of_member)


async def test_a_removed_member_can_be_invited_again(stage: Stage) -> None:
    """By any vendor, under the same account."""
    vendor, other = await stage.vendor(), await stage.vendor()
    first = await invited(stage, vendor)
    await members.remove(stage.world, vendor, first.id)

    again = await invited(stage, other)

    assert (again.id, again.vendor_id) == (first.id, other.account_id)


async def test_another_vendors_member_is_like_an_unknown_one(stage: Stage) -> None:
    """Neither can be removed, nor be assigned anything."""
    vendor, other = await stage.vendor(), await stage.vendor()
    member = await invited(stage, other)
    talk = await a_conversation_of(stage, vendor)

    for account_id in (member.id, "nobody", vendor.account_id):
        remove = members.remove(stage.world, vendor, account_id)
        change = members.change_role(stage.world, vendor, account_id, MemberRole.OWNER)
        assert await refused(remove) is await refused(change) is Code.NOT_FOUND
    for account_id in (member.id, "nobody"):
        assign = members.assign(stage.world, vendor, talk, account_id)
        assert await refused(assign) is Code.VALIDATION_FAILED
    assert await members.team(stage.world, other) == [member]


async def test_a_conversation_is_assigned_by_anybody_in_the_team(stage: Stage) -> None:
    """To a member, to the vendor's own account, or to nobody; the team is told live."""
    vendor = await stage.vendor()
    member = await invited(stage, vendor)
    agent = replace(vendor, member_id=member.id)
    talk = await a_conversation_of(stage, vendor)

    for account_id in (member.id, vendor.account_id, None):
        await members.assign(stage.world, agent, talk, account_id)

    pushes = stage.live.named("conversation.assigned")
    assert [push.data["account_id"] for push in pushes] == [member.id, vendor.account_id, None]
    assert {push.room for push in pushes} == {f"account:{vendor.account_id}"}
    assert {push.data["assigned_by"] for push in pushes} == {member.id}


async def test_other_peoples_conversations_cannot_be_assigned(stage: Stage) -> None:
    """They are not found; and a customer has no team."""
    vendor, other, customer = await stage.vendor(), await stage.vendor(), await stage.customer()
    talk = await a_conversation_of(stage, vendor)

    foreign = members.assign(stage.world, other, talk, other.account_id)
    assert await refused(foreign) is Code.NOT_FOUND
    for command in (
        members.assign(stage.world, customer, talk, None),
        members.team(stage.world, customer),
        members.invite(stage.world, customer, EMAIL, MemberRole.AGENT),
        members.change_role(stage.world, customer, "anybody", MemberRole.OWNER),
        members.remove(stage.world, customer, "anybody"),
        members.assignments(stage.world, customer, None, PageRequest()),
    ):
        assert await refused(command) is Code.FORBIDDEN


async def test_the_audit_trail_names_the_member_who_acted(stage: Stage) -> None:
    """Though the change is the vendor's."""
    vendor = await stage.vendor()
    owner = replace(vendor, member_id="owner-2")

    await vendors.update_profile(stage.world, owner, {"company": "Cedar"})

    page = await stage.store.audit.of(vendor.account_id, None, PageRequest())
    assert page.items[0].actor_id == "owner-2"


async def test_a_suspended_vendor_removes_members_and_does_nothing_else(stage: Stage) -> None:
    """It may end an access, and give none."""
    vendor = await stage.vendor()
    member, talk = await invited(stage, vendor), await a_conversation_of(stage, vendor)
    await vendors.decide(stage.world, ADMIN, vendor.account_id, "suspend", "Complaints.")

    assert await refused(invited(stage, vendor, "luis@team.example")) is Code.FORBIDDEN
    promote = members.change_role(stage.world, vendor, member.id, MemberRole.OWNER)
    assert await refused(promote) is Code.FORBIDDEN
    assign = members.assign(stage.world, vendor, talk, member.id)
    assert await refused(assign) is Code.FORBIDDEN
    await members.remove(stage.world, vendor, member.id)

    assert await members.team(stage.world, vendor) == []
