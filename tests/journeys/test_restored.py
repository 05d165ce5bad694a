"""MongoDB is restored from a backup while somebody looks at a conversation on the page."""

from playwright.async_api import Browser, expect

from marketplace.ids import new_id
from marketplace.settings import from_environment
from marketplace.storage.restore import after_restore
from tests.journeys.browsers import logged_in_window
from tests.journeys.people import Person, a_conversation
from tests.journeys.site import Site


async def _restore(site: Site, conversation_id: str, head: int) -> None:
    """Take back every entry after the head, as a restore does, and run `parley restored`."""
    await site.parts.store.database["entries"].delete_many(
        {"conversation_id": conversation_id, "sequence": {"$gt": head}}
    )
    settings = from_environment(site.running.environment)
    lines: list[str] = []
    await after_restore(settings.mongodb_url, settings.mongodb_database, lines.append)
    assert lines


async def test_an_open_page_shows_the_restored_database(
    site: Site, admin: Person, browser: Browser
) -> None:
    """An open page drops the lost entries and shows the new ones that have their numbers."""
    customer, vendor, conversation_id = await a_conversation(
        site, admin, "Carla Reyes", "Front Range Plumbing"
    )

    async def vendor_says(*bodies: str) -> None:
        for body in bodies:
            message = {"client_message_id": new_id(), "body": body}
            await vendor.post(f"/v1/conversations/{conversation_id}/messages", json=message)

    await vendor_says("Kept one.", "Kept two.")
    window = await logged_in_window(
        browser, f"{site.url}/conversations/{conversation_id}", customer
    )
    bodies = window.page.get_by_test_id("message-body")
    await expect(bodies).to_have_text(["Kept one.", "Kept two."])
    head = len(await site.documents("entries", "sequence", conversation_id=conversation_id))
    await vendor_says("Lost three.", "Lost four.")
    await expect(bodies).to_have_text(["Kept one.", "Kept two.", "Lost three.", "Lost four."])

    await _restore(site, conversation_id, head)

    await expect(bodies).to_have_text(["Kept one.", "Kept two."])
    await vendor_says("New three.")
    await expect(bodies).to_have_text(["Kept one.", "Kept two.", "New three."])
    await window.page.reload()
    await expect(bodies).to_have_text(["Kept one.", "Kept two.", "New three."])
    assert window.errors == []
    await window.close()
