"""If-Match and If-None-Match, as RFC 9110 specifies them."""

import pytest

from marketplace.errors import Code, ParleyError
from rest.preconditions import Revisions, expected_revisions, is_not_modified
from tests.rest.people import Rest, a_draft_of, paths_of, refusal, registered
from tests.rest.test_requests import a_request


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (['"2"'], {2}),
        (['W/"2"'], {2}),
        ([' "2" '], {2}),
        (['"1", "2"'], {1, 2}),
        (['"1",W/"2" ,\t"3"'], {1, 2, 3}),
        (['"1"', 'W/"4"'], {1, 4}),
        ([', "1", ,"2",'], {1, 2}),
        (['"one", "2"'], {2}),
        (['"a,b", "2"'], {2}),
        (['"one"'], set()),
        (['""'], set()),
        (['"0"'], set()),
        (['"02"'], set()),
        (['"2-limited"'], set()),
        (['"9999999999999999"'], set()),
        (["*"], None),
        ([" * "], None),
    ],
)
def test_if_match_names_revisions(given: list[str], expected: Revisions) -> None:
    """Tags may be weak or strong, in one header or several; unknown tags name no revision."""
    request = a_request("127.0.0.1", *(("if-match", value) for value in given))

    found = expected_revisions(request)

    assert found == expected


@pytest.mark.parametrize(
    "given",
    ["", "2", '"2', '2"', "'2'", '"a b"', 'w/"2"', 'W/ "2"', '"1" "2"', '*, "2"', '"2", *', '"2";', ",",
     '"a"b"', ",".join(['"2"'] * 21)],
)  # fmt: skip
def test_a_malformed_if_match_is_refused(given: str) -> None:
    """The refusal names the header."""
    request = a_request("127.0.0.1", ("if-match", given))

    with pytest.raises(ParleyError) as refused:
        expected_revisions(request)

    assert refused.value.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.value.errors] == ["If-Match"]


@pytest.mark.parametrize(
    ("given", "is_known"),
    [
        (['"2"'], True),
        (['W/"2"'], True),
        (['"1", "2"'], True),
        (['"1"', '"2"'], True),
        (["*"], True),
        (['"1"'], False),
        (['"2-limited"'], False),
        (["2"], False),
        ([""], False),
        ([], False),
    ],
)
def test_if_none_match_is_compared_weakly(given: list[str], is_known: bool) -> None:
    """A malformed header is ignored."""
    request = a_request("127.0.0.1", *(("if-none-match", value) for value in given))

    assert is_not_modified(request, '"2"') is is_known


async def test_an_unchanged_rfi_gets_a_304(rest: Rest) -> None:
    """An unchanged RFI gets a 304 with the ETag and no body; a changed one is sent in full."""
    customer = await registered(rest)
    path = f"/v1/rfis/{(await a_draft_of(customer))['id']}"
    known = {"If-None-Match": 'W/"1"'}

    unchanged = await customer.get(path, headers=known)
    head = await customer.ask("HEAD", path, headers=known)
    await customer.patch(path, json={"title": "Two sinks"}, if_match=1)
    changed = await customer.get(path, headers=known)

    for response in (unchanged, head):
        assert response.status_code == 304
        assert response.headers["etag"] == '"1"'
        assert response.content == b""
    assert changed.status_code == 200
    assert changed.json()["title"] == "Two sinks"


async def test_preconditions_do_not_reveal_another_accounts_rfi(rest: Rest) -> None:
    """An RFI that the caller may not see is not found, whatever the precondition."""
    path = f"/v1/rfis/{(await a_draft_of(await registered(rest)))['id']}"
    stranger = await registered(rest)

    read = await stranger.get(path, headers={"If-None-Match": "*"})
    changed = await stranger.patch(path, json={"title": "Mine"}, headers={"If-Match": "*"})

    assert refusal(read) == (404, "not_found")
    assert refusal(changed) == (404, "not_found")


async def test_a_star_matches_any_revision(rest: Rest) -> None:
    """`*` matches any revision, a list one of several; any other tag is stale."""
    customer = await registered(rest)
    path = f"/v1/rfis/{(await a_draft_of(customer))['id']}"

    def titled(title: str, if_match: str) -> tuple[dict[str, str], dict[str, str]]:
        return {"title": title}, {"If-Match": if_match}

    answers = []
    for title, if_match in [("One", "*"), ("Two", '"1", W/"2"'), ("Three", '"1"'), ("Four", '"x"')]:
        body, headers = titled(title, if_match)
        answers.append(await customer.patch(path, json=body, headers=headers))

    assert [response.status_code for response in answers] == [200, 200, 412, 412]
    assert {response.json()["code"] for response in answers[2:]} == {"stale_revision"}
    assert (await customer.get(path)).json()["title"] == "Two"


async def test_an_invalid_if_match_is_named(rest: Rest) -> None:
    """The refusal names the invalid header."""
    customer = await registered(rest)
    path = f"/v1/rfis/{(await a_draft_of(customer))['id']}"

    response = await customer.patch(path, json={"title": "One"}, headers={"If-Match": "2"})

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["If-Match"]
