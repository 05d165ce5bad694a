"""A page holds what fits, and says whether there is more."""

from marketplace.domain.feeds import fit_page, page_after, page_before
from tests.builders import a_message


def test_an_answer_is_bounded_in_bytes() -> None:
    """An answer holds 200,000 bytes of the first or newest entries, and at least one entry."""
    entries = [a_message(sequence=sequence, body="x" * 60_000) for sequence in range(1, 7)]

    assert [entry.sequence for entry in fit_page(entries)] == [1, 2, 3]
    assert [entry.sequence for entry in fit_page(entries, newest=True)] == [4, 5, 6]
    emoji = [a_message(sequence=sequence, body="🙂" * 15_000) for sequence in range(1, 7)]
    assert [entry.sequence for entry in fit_page(emoji)] == [1, 2, 3]
    photos = tuple({"id": str(number)} for number in range(10))
    albums = [a_message(sequence=sequence, body="", attachments=photos) for sequence in range(200)]
    assert len(fit_page(albums)) == 28
    huge = [a_message(body="x" * 300_000), a_message()]
    assert fit_page(huge) == huge[:1]
    assert fit_page([]) == []


def test_a_page_says_whether_there_is_more_in_its_direction() -> None:
    """After a sequence that is towards the head, and otherwise towards the first entry."""
    entries = [a_message(sequence=sequence) for sequence in (4, 5, 6)]

    assert page_after(entries, 7, "e").has_more
    assert not page_after(entries, 6, "e").has_more
    assert page_before(entries, 6, "e", is_snapshot=True).has_more
    first = [a_message(sequence=sequence) for sequence in (1, 2)]
    assert not page_before(first, 6, "e", is_snapshot=False).has_more
    for empty in (page_after([], 6, "e"), page_before([], 6, "e", is_snapshot=True)):
        assert (empty.entries, empty.has_more, empty.head) == ([], False, 6)


def test_the_rest_of_entries_that_do_not_fit_is_more() -> None:
    """Nothing is skipped because of its size."""
    entries = [a_message(sequence=sequence, body="x" * 60_000) for sequence in range(1, 7)]

    forward = page_after(entries, 6, "e")
    newest = page_before(entries, 6, "e", is_snapshot=True)

    assert (len(forward.entries), forward.has_more) == (3, True)
    assert ([entry.sequence for entry in newest.entries], newest.has_more) == ([4, 5, 6], True)


def test_an_entry_that_is_newer_than_the_head_raises_it() -> None:
    """An entry may be added between the two reads."""
    entries = [a_message(sequence=sequence) for sequence in (6, 7)]

    assert page_after(entries, 6, "e").head == 7
    assert page_before(entries, 6, "e", is_snapshot=True).head == 7
