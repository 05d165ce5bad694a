"""Verify an email address or a phone by a code."""

from marketplace.actions import accounts, verifications
from marketplace.domain.addresses import AddressKind
from marketplace.errors import Code
from marketplace.schemas.accounts import AccountView, ConfirmCode
from rest.context import Answer, RequestContext
from rest.operations import Handler, Routes

ROUTES = Routes("Accounts")


def _request(kind: AddressKind) -> Handler:
    async def request(context: RequestContext) -> Answer:
        await verifications.request(context.world, context.actor, kind)
        return Answer(status=202)

    request.__name__ = f"verify_{kind}"
    request.__doc__ = f"""Send a code to the caller's {_WHAT[kind]}.

    The code has six digits and is valid for fifteen minutes. A further code replaces it.
    """
    return request


def _confirm(kind: AddressKind) -> Handler:
    async def confirm(context: RequestContext) -> Answer:
        account = await verifications.confirm(
            context.world, context.actor, kind, context.body["code"]
        )
        return Answer(await accounts.as_seen(context.world, account))

    confirm.__name__ = f"confirm_{kind}"
    confirm.__doc__ = f"""Verify the caller's {_WHAT[kind]} by the code that was sent there.

    A code can be tried five times and works once.
    """
    return confirm


_WHAT = {
    AddressKind.EMAIL: "email address, or the new one if the caller is changing it",
    AddressKind.PHONE: "phone, by SMS",
}
for _kind in AddressKind:
    ROUTES.add(
        "POST",
        f"/v1/verifications/{_kind}",
        _request(_kind),
        answers={202: None},
        errors=[Code.WRONG_STATE],
    )
    ROUTES.add(
        "POST",
        f"/v1/verifications/{_kind}/confirm",
        _confirm(_kind),
        body=ConfirmCode(),
        answer=AccountView(),
        errors=[Code.INVALID_CODE, *([Code.EMAIL_TAKEN] if _kind is AddressKind.EMAIL else [])],
    )
