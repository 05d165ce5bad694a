"""Admins who race for one review through two processes, one of which is killed meanwhile."""

import asyncio
from dataclasses import replace

import httpx

from marketplace.settings import Settings
from tests.rest.people import Person, Rest, an_admin, refusal
from tests.rest.processes import RestProcess, a_process
from tests.rest.test_reviews import an_applicant, path_of

COUNT = 64
KILLED_AFTER = 16


async def answer(person: Person, process: RestProcess, path: str) -> httpx.Response | None:
    """The answer of a process; None if it died first."""
    try:
        return await replace(person, client=process.client).post(path, json={"reason": "Mine."})
    except httpx.TransportError:
        return None


async def test_one_of_64_claims_succeeds_although_a_process_is_killed(
    rest: Rest, settings: Settings
) -> None:
    """Whoever was told of the claim has it, and nobody else was told so."""
    vendor, admins = await an_applicant(rest), [await an_admin(rest) for _ in range(COUNT)]
    path, answered = path_of(vendor, "claim"), asyncio.Semaphore(0)

    async with a_process(settings, "rest-1") as staying, a_process(settings, "rest-2") as dying:

        async def claim(number: int) -> httpx.Response | None:
            process = dying if number % 2 else staying
            response = await answer(admins[number], process, path)
            answered.release()
            return response

        claiming = asyncio.gather(*map(claim, range(COUNT)))
        for _ in range(KILLED_AFTER):
            await answered.acquire()
        await dying.kill()
        answers = [response for response in await claiming if response is not None]

    file = (await admins[0].get(f"/v1/admin/vendors/{vendor.id}")).json()
    holder = file["claim"]["admin_id"]
    told = [response.json()["claim"] for response in answers if response.status_code == 200]
    assert told in ([], [file["claim"]])  # the winner's answer may have died with its process
    assert holder in {admin.id for admin in admins}
    lost = {refusal(response) for response in answers if response.status_code != 200}
    assert lost <= {(409, "wrong_state")}
    audit = rest.parts.store.database["audit"]
    claimed = {"subject_id": vendor.id, "action": "vendor.claimed"}
    assert await audit.count_documents(claimed) == 1


async def test_one_of_64_decisions_takes_effect_although_a_process_is_killed(
    rest: Rest, settings: Settings
) -> None:
    """One event and one audit record, and the vendor is in the state that they say."""
    vendor, admin = await an_applicant(rest), await an_admin(rest)
    answered = asyncio.Semaphore(0)

    async with a_process(settings, "rest-1") as staying, a_process(settings, "rest-2") as dying:

        async def decide(number: int) -> httpx.Response | None:
            process = dying if number % 2 else staying
            decision = "approve" if number % 4 < 2 else "reject"
            response = await answer(admin, process, path_of(vendor, decision))
            answered.release()
            return response

        deciding = asyncio.gather(*map(decide, range(COUNT)))
        for _ in range(KILLED_AFTER):
            await answered.acquire()
        await dying.kill()
        answers = [response for response in await deciding if response is not None]

    state = (await vendor.get("/v1/vendors/me")).json()["state"]
    decided = {"active": "vendor.approved", "rejected": "vendor.rejected"}[state]
    database = rest.parts.store.database
    either = {"$in": ["vendor.approved", "vendor.rejected"]}
    assert await database["outbox"].distinct("name", {"key": vendor.id, "name": either}) == [
        decided
    ]
    assert await database["outbox"].count_documents({"key": vendor.id, "name": either}) == 1
    assert await database["audit"].count_documents({"subject_id": vendor.id, "action": either}) == 1
    assert sum(response.status_code == 200 for response in answers) <= 1
