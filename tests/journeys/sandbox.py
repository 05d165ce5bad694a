"""What the providers' sandbox accepted, and the faults to inject there."""

from typing import Any

from tests.journeys.site import Site

_PAGE = 1_000


async def deliveries(site: Site, to: str | None) -> list[dict[str, Any]]:
    """All deliveries to an address or number, oldest first."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"to": to, "limit": _PAGE}
    while True:
        response = await site.http.get(
            f"{site.running.url('sandbox')}/sandbox/deliveries", params=query
        )
        page = response.raise_for_status().json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["after"] = page["next_cursor"]


async def subjects(site: Site, email: str) -> list[str]:
    """The subjects of the emails to an address, oldest first."""
    return [delivery["subject"] for delivery in await deliveries(site, email)]


async def texts(site: Site, phone: str | None) -> list[str]:
    """The SMS to a number, oldest first."""
    assert phone is not None
    return [delivery["text"] for delivery in await deliveries(site, phone)]


async def set_faults(site: Site, *faults: dict[str, Any]) -> None:
    """Replace the faults; each is limited to one recipient, so that other journeys meet none."""
    assert all("to" in fault for fault in faults)
    url = f"{site.running.url('sandbox')}/sandbox/faults"
    (await site.http.put(url, json=list(faults))).raise_for_status()


async def faults_left(site: Site) -> list[dict[str, Any]]:
    """The faults that no send has met yet."""
    response = await site.http.get(f"{site.running.url('sandbox')}/sandbox/faults")
    items: list[dict[str, Any]] = response.raise_for_status().json()["items"]
    return items
