"""An access token becomes invalid soon after its session has ended."""

import pytest

from marketplace.errors import Code, ParleyError
from rest.sessions import CACHED_FOR_S, LiveSessions
from tests import memory
from tests.builders import Stopwatch, a_session
from tests.rest.people import Rest, refusal, registered


async def test_an_access_token_is_refused_right_after_the_log_out(rest: Rest) -> None:
    """The process that handled the log-out refuses the token at once; other sessions continue."""
    person, other = await registered(rest), await registered(rest)
    assert (await person.get("/v1/me")).status_code == 200

    assert (await person.ask("DELETE", "/v1/tokens")).status_code == 204

    assert refusal(await person.get("/v1/me")) == (401, "unauthenticated")
    assert refusal(await person.ask("DELETE", "/v1/tokens")) == (401, "unauthenticated")
    assert (await other.get("/v1/me")).status_code == 200


async def test_a_log_out_at_another_process_takes_effect_within_ten_seconds(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a log-out at another process, this one queries the store again."""
    stopwatch = Stopwatch()
    sessions = LiveSessions(rest.parts.store.sessions, stopwatch)
    monkeypatch.setattr(rest.app.ctx.service, "sessions", sessions)
    person = await registered(rest)
    assert (await person.get("/v1/me")).status_code == 200
    session_id = person.tokens["refresh_token"].partition(".")[0]

    await rest.parts.store.sessions.delete(session_id)
    stopwatch.at_s += CACHED_FOR_S

    assert CACHED_FOR_S <= 10
    assert refusal(await person.get("/v1/me")) == (401, "unauthenticated")


async def test_the_cache_of_sessions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session used least recently is queried again."""
    monkeypatch.setattr("rest.sessions._MAX_CACHED", 2)
    store = memory.Store()
    sessions = LiveSessions(store.sessions, Stopwatch())
    known = [a_session() for _ in range(3)]
    for session in known:
        await store.sessions.add(session)
        await sessions.require(session.id)
        await store.sessions.delete(session.id)

    for still_believed in known[1:]:
        await sessions.require(still_believed.id)
    with pytest.raises(ParleyError) as refused:
        await sessions.require(known[0].id)
    assert refused.value.code is Code.UNAUTHENTICATED
