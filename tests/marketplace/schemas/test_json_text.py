"""JSON texts: what strict reading takes, what is told with a path, what is no JSON."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.errors import Code, ParleyError
from marketplace.schemas.json_text import read_call, read_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


def refusal(text: str | bytes, read: object = read_json) -> tuple[Code, dict[str, str]]:
    """What a text is refused with: the code, and message by path."""
    body = text.encode() if isinstance(text, str) else text
    with pytest.raises(ParleyError) as refused:
        read_call(body) if read is read_call else read_json(body)
    return refused.value.code, {each.path: each.message for each in refused.value.errors}


@given(values)
def test_what_is_json_is_read_as_it_is(value: object) -> None:
    """Colons in strings included, which make it look twice."""
    assert read_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('"\\ud83d"', ["$"]),
        ('{"a":{"b":[1,"\\udc00"]}}', ["a.b.1"]),
        ('{"a":"\\ud83d\\ude00"  ,"b":"\\ude00\\ud83d"}', ["b"]),
        ('{"a":1,"a":1}', ["a"]),
        ('{"a":{"x":"c:d","x":2},"b":"\\ud800"}', ["a.x", "b"]),
    ],
)
def test_what_json_leaves_open_is_refused_with_its_path(text: str, paths: list[str]) -> None:
    """Half a pair of surrogates, and a name given twice."""
    code, errors = refusal(text)

    assert (code, list(errors)) == (Code.VALIDATION_FAILED, paths)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_told_in_a_call(number: str) -> None:
    """In a body it is no JSON."""
    text = f'["mark_read",{{"sequence":{number}}}]'

    assert refusal(text, read_call) == (
        Code.VALIDATION_FAILED,
        {"sequence": "Must be a finite number."},
    )
    assert refusal(text)[0] is Code.MALFORMED


@pytest.mark.parametrize(
    "text", ["", "{", "{}{}", "[" * 2_000, "'a'", "nul", '"\t"', "01", "\ufeff{}", b"\xff"]
)
def test_what_is_no_json_is_malformed(text: str | bytes) -> None:
    """By any reading."""
    assert refusal(text) == (Code.MALFORMED, {})


@pytest.mark.parametrize(
    "text",
    [
        "[" + '"\\ud800",' * 10_000 + "1]",
        '{"' + "k" * 90_000 + '":"\\ud800"}',
        "[" * 49_000 + "NaN" + "]" * 49_000,
        "[" + "{}," * 33_000 + "NaN]",
    ],
)
def test_a_refusal_is_bounded_in_size_and_time(text: str) -> None:
    """Whatever an app can send at once: twenty errors, and a few milliseconds of the loop."""
    took_s = []
    for _ in range(3):
        begun = time.thread_time()
        _, errors = refusal(text, read_call)
        took_s.append(time.thread_time() - begun)

    assert len(json.dumps(errors)) < 10_000
    assert min(took_s) < 0.1  # 20 ms on an idle machine
