"""The checker of uploads finds what it has to find, and nothing in a clean record."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.history import Event
from tests.chaos.upload_checker import upload_violations
from tests.chaos.uploads import Began, Left, ReadBack, RefusedUpload, Uploaded, Used

USED, UNUSED = "attachment-1", "attachment-2"
LEFT = Left(6.0, (USED,), ())


def a_record() -> list[Event]:
    """Two files are uploaded; an RFI gets the first, and the sweep deletes the second."""
    return [
        Began(1.0, "aaaa"),
        Began(1.0, "bbbb"),
        Uploaded(2.0, "aaaa", USED),
        Uploaded(2.0, "bbbb", UNUSED),
        Used(3.0, USED),
        ReadBack(4.0, USED, "aaaa", is_swept=False),
        ReadBack(4.0, UNUSED, "bbbb", is_swept=False),
        ReadBack(5.0, USED, "aaaa", is_swept=True),
        ReadBack(5.0, UNUSED, None, is_swept=True),
        LEFT,
    ]


def violations_of(record: list[Event]) -> list[str]:
    """The violations, each in one line."""
    return [str(violation) for violation in upload_violations(record)]


def test_a_clean_record_has_no_violations() -> None:
    """A clean record has no violations, and neither has one without any upload."""
    assert violations_of(a_record()) == []
    assert violations_of([]) == []


def changed(record: list[Event], number: int, event: Event | None) -> list[Event]:
    """The record with another event in this place, or with none."""
    return [*record[:number], *([] if event is None else [event]), *record[number + 1 :]]


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        (lambda record: [Began(0.5, "cccc"), *record], "finished: uploads: cccc has no answer"),
        (lambda record: [*record, RefusedUpload(7.0, "aaaa", 422, "x")], "finished: uploads: aaaa"),
        (lambda record: changed(record, 5, None), "whole: uploads: nobody read attachment-1"),
        (lambda record: changed(record, 6, ReadBack(4.0, UNUSED, None, is_swept=False)), "whole"),
        (lambda record: changed(record, 5, ReadBack(4.0, USED, "aa", is_swept=False)), "whole"),
        (lambda record: changed(record, 7, ReadBack(5.0, USED, None, is_swept=True)), "kept"),
        (lambda record: changed(record, 8, ReadBack(5.0, UNUSED, "bbbb", is_swept=True)), "swept"),
        (lambda record: changed(record, 9, None), "swept: uploads: nobody looked"),
        (lambda record: changed(record, 9, replace(LEFT, attachment_ids=(USED, "x"))), "swept"),
        (lambda record: changed(record, 9, replace(LEFT, strays=("chunks x",))), "swept: uploads: chunks"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(
    change: Callable[[list[Event]], list[Event]], violation: str
) -> None:
    """No answer, a refusal, lost or other bytes, too little or too much swept: each is named."""
    found = violations_of(change(a_record()))

    assert len(found) == 1
    assert found[0].startswith(violation)
