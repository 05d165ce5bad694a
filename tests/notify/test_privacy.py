"""Email and SMS keep to the table of who may see what."""

from dataclasses import replace
from typing import Any

from marketplace.domain.matches import NO_LONGER_SUITABLE, MatchState
from marketplace.domain.rfis import Budget
from marketplace.ports import World
from notify.handler import Handler
from notify.rendering import Renderer
from notify.rules import NotificationKind
from tests.builders import a_place, a_quote
from tests.notify.helpers import a_case, keep, of_account, of_match, of_quote, of_rfi

SECRETS = (
    "1437 Bannock",
    "39.739",
    "104.990",
    "40000",
    "40,000",
    "400.00",
    "alarm-4711-code",
    "1.2 km",
)


async def test_no_email_or_sms_contains_a_withheld_field(
    handler: Handler, world: World, renderer: Renderer
) -> None:
    """No email or SMS about an RFI has a withheld value, whatever its kind and recipient."""
    case = a_case()
    private: dict[str, Any] = {
        "address": "1437 Bannock St",
        "location": a_place(-104.99031, 39.73921),
        "budget": Budget(10_000, 40_000, "USD"),
        "attributes": {"alarm": "alarm-4711-code"},
    }
    case = await keep(world.store, replace(case, rfi=replace(case.rfi, **private)))
    unsuitable = replace(
        case.match, state=MatchState.CLOSED, closed_reason=NO_LONGER_SUITABLE, distance_m=1_234
    )
    quote = a_quote(
        rfi_id=case.rfi.id, customer_id=case.customer.id, vendor_id=case.vendor.id, amount_minor=777
    )
    paths = ("address", "budget.max_minor")

    for event in (
        of_match("match.offered", replace(case.match, distance_m=1_234)),
        of_match("match.closed", unsuitable),
        of_quote("quote.submitted", quote),
        of_rfi("rfi.revised", case.rfi, *paths),
        of_rfi("rfi.withdrawn", case.rfi, *paths),
        of_rfi("rfi.awarded", replace(case.rfi, awarded_vendor_id=case.vendor.id), *paths),
    ):
        await handler.handle(event)

    notifications = [
        notification
        for person in (case.vendor, case.customer)
        for notification in await of_account(world.store, person.id)
    ]
    assert {notification.kind for notification in notifications} >= {
        NotificationKind.MATCH_OFFERED,
        NotificationKind.MATCH_CLOSED,
        NotificationKind.QUOTE_SUBMITTED,
        NotificationKind.RFI_REVISED,
        NotificationKind.RFI_WON,
    }
    for notification in notifications:
        kind = NotificationKind(notification.kind)
        mail = renderer.mail(kind, "Vince", notification.data)
        text = f"{mail} {renderer.sms(kind, notification.data)} {notification.data}"
        assert [secret for secret in SECRETS if secret in text] == [], kind
