"""Cursors of pages."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marketplace.domain.ids import new_id
from marketplace.domain.pages import cursor_of, read_cursor
from marketplace.errors import Code, ParleyError


def test_a_cursor_leads_back_to_its_id() -> None:
    """What was given out is understood, and is fit for a URL as it is."""
    last_id = new_id()

    cursor = cursor_of(last_id)

    assert read_cursor(cursor) == last_id
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "cursor",
    ["", "=", "!", "a", "é", "{}", "eyIkbmUiOm51bGx9", cursor_of("x" * 65), "YQ==\n", "Y Q"],
)
def test_anything_else_is_refused_by_its_name(cursor: str) -> None:
    """What nobody gave out is the caller's mistake, and no operator gets through."""
    with pytest.raises(ParleyError) as refused:
        read_cursor(cursor)

    assert refused.value.code is Code.VALIDATION_FAILED
    assert [each.path for each in refused.value.errors] == ["cursor"]


@given(st.text())
@example("\ud800")
@example("A" * 5)
def test_no_text_makes_reading_fail_in_another_way(cursor: str) -> None:
    """It is an id or a refusal."""
    try:
        last_id = read_cursor(cursor)
    except ParleyError:
        return
    assert last_id.isalnum()
    assert last_id.isascii()
