"""Reads the codes and links that the service sends, as `notify` would write them."""

from marketplace.domain.notifications import AccountKind, Notification
from marketplace.domain.pages import PageRequest
from notify.gate import Gate, SendPermit
from tests.rest.people import Person, Rest


async def notices(rest: Rest, account_id: str) -> list[Notification]:
    """An account's notifications, newest first."""
    page = await rest.parts.store.notifications.of_account(account_id, PageRequest(200))
    return list(page.items)


async def changes(rest: Rest, account_id: str) -> list[str]:
    """What the security notices to an account are about, newest first."""
    return [
        kept.data["change"]
        for kept in await notices(rest, account_id)
        if kept.kind == AccountKind.SECURITY
    ]


async def newest(rest: Rest, account_id: str, kind: AccountKind) -> SendPermit:
    """What goes out for the newest notification of a kind that has a code or a token."""
    for kept in await notices(rest, account_id):
        if kept.kind == kind and "code" in kept.data:
            permit = await Gate(rest.parts.world).check(kept)
            assert isinstance(permit, SendPermit), permit
            return permit
    raise AssertionError(f"the account got no {kind}")


async def code_to(rest: Rest, person: Person) -> str:
    """The newest code that a person got."""
    return (await newest(rest, person.id, AccountKind.VERIFICATION_CODE)).secret["code"]


async def token_to(rest: Rest, person: Person, kind: AccountKind) -> str:
    """The token of the newest link of a kind that a person got."""
    return (await newest(rest, person.id, kind)).secret["token"]


async def verify_email(rest: Rest, person: Person) -> None:
    """Verify the person's email address."""
    assert (await person.post("/v1/verifications/email")).status_code == 202
    body = {"code": await code_to(rest, person)}
    response = await person.post("/v1/verifications/email/confirm", json=body)
    assert response.status_code == 200, response.text
