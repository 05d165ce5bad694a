"""JSON parsing: what is accepted, what is refused with a path, and what is not JSON."""

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
    """The code of the refusal, and its messages by path."""
    body = text.encode() if isinstance(text, str) else text
    with pytest.raises(ParleyError) as refused:
        read_call(body) if read is read_call else read_json(body)
    return refused.value.code, {error.path: error.message for error in refused.value.errors}


@given(values)
def test_json_is_parsed_unchanged(value: object) -> None:
    """JSON is parsed unchanged, including strings with colons, which trigger a second check."""
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
def test_ambiguous_json_is_refused_with_its_path(text: str, paths: list[str]) -> None:
    """Lone surrogates and duplicate names are refused."""
    code, errors = refusal(text)

    assert (code, list(errors)) == (Code.VALIDATION_FAILED, paths)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_an_invalid_number_is_named_in_a_call(number: str) -> None:
    """In a call, the error names the field; in a request body, it is malformed JSON."""
    text = f'["mark_read",{{"sequence":{number}}}]'

    assert refusal(text, read_call) == (
        Code.VALIDATION_FAILED,
        {"sequence": "Must be a finite number."},
    )
    assert refusal(text)[0] is Code.MALFORMED


@pytest.mark.parametrize(
    "text", ["", "{", "{}{}", "[" * 2_000, "'a'", "nul", '"\t"', "01", "\ufeff{}", b"\xff"]
)
def test_text_that_is_not_json_is_malformed(text: str | bytes) -> None:
    """A text that no parser accepts is malformed."""
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
    """Any text an app can send gets at most twenty errors and holds the loop a few milliseconds."""
    took_s = []
    for _ in range(3):
        begun = time.thread_time()
        _, errors = refusal(text, read_call)
        took_s.append(time.thread_time() - begun)

    assert len(json.dumps(errors)) < 10_000
    assert min(took_s) < 0.1  # 20 ms on an idle machine
