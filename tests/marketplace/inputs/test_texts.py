"""Names, titles and bodies: tables of samples, and properties of every text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marketplace.inputs import texts

FAMILY = "👩\u200d👩\u200d👧"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

BLANK = [
    "",
    " ",
    "\t\n",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\u200b\u200b \u200b",
    "\u2060",
    "\ufeff",
    "\u2800",
    "\u3164",
    "\uffa0",
    "\u115f\u1160",
    "\u00ad",
    "\u034f",
    "\u0301",
    " \u0301",
    "\u0489",
    "\ufe0f",
    "\u200d",
    "\u200e\u200f\u061c",
    "\u202e",
    "\u2066\u2069",
    "\u180e",
    "\U000e0041",
    "\x00",
    "\x1b\x07",
]
VISIBLE = [
    "a",
    "é",
    "e\u0301",
    "שָׁלוֹם",
    "می‌خواهم",
    "你好",
    "🙂",
    "1️⃣",
    "🇩🇪",
    ENGLAND,
    FAMILY,
    ".",
    "\u200ba",
]

# The typed body, and the stored one.
BODIES = [
    ("plain", "plain"),
    ("  kept as it is \n\n\tindented", "  kept as it is \n\n\tindented"),
    ("from\x0bWord\x0cpages", "from\nWord\npages"),
    ("a\r\nb\rc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
    ("bell\x07 nul\x00 escape\x1b[31m delete\x7f \x9b", "bell nul escape[31m delete "),
    ("\ufeffpasted with a mark", "pasted with a mark"),
    ("one \x00 space", "one space"),
    ("two  spaces", "two  spaces"),
    (FAMILY, FAMILY),
    (ENGLAND, ENGLAND),
    ("❤️ 1️⃣ 🇩🇪", "❤️ 1️⃣ 🇩🇪"),
    ("می‌خواهم", "می‌خواهم"),
    ("שלום\u200f (hello)\u200e", "שלום\u200f (hello)\u200e"),
    ("\u202eevil", "\u202eevil\u202c"),
    ("\u202eone\ntwo", "\u202eone\u202c\ntwo"),
    ("\u2067\u202bnested", "\u2067\u202bnested\u202c\u2069"),
    ("\u2067closed\u2069", "\u2067closed\u2069"),
    ("closed too often\u202c\u2069", "closed too often"),
    ("soft\u00adhyphen", "soft\u00adhyphen"),
]

# The typed name or title, and the stored one.
LINES = [
    ("  Carla Reyes ", "Carla Reyes"),
    ("Carla\nReyes", "Carla Reyes"),
    ("Carla \r\n\t Reyes", "Carla Reyes"),
    ("Carla\u2028Reyes", "Carla Reyes"),
    ("Carla\x0bReyes\x07", "Carla Reyes"),
    ("gnp.exe\u202egpj", "gnp.exegpj"),
    ("\u2067Carla\u2069", "Carla"),
    ("Leaking \u202e sink", "Leaking sink"),
    ("Leaking \u202e \u2066\ufeff sink", "Leaking sink"),
    ("Leaking\u202e sink", "Leaking sink"),
    ("Leaking \u202e\n sink", "Leaking sink"),
    ("Leaking  sink", "Leaking  sink"),
    ("Cafe\u0301", "Café"),
    ("12\u00a0000 €", "12\u00a0000 €"),
    ("رضا‌زاده", "رضا‌زاده"),
    ("דוד\u200f", "דוד\u200f"),
    (f"{FAMILY} & {ENGLAND}", f"{FAMILY} & {ENGLAND}"),
    ("O'Neil, Jr. (née Smith) / Co.", "O'Neil, Jr. (née Smith) / Co."),
]


@pytest.mark.parametrize("text", BLANK)
def test_a_text_without_visible_characters_is_blank(text: str) -> None:
    """Spaces, invisible characters and marks without a letter count as blank."""
    assert texts.is_blank(text)


@pytest.mark.parametrize("text", VISIBLE)
def test_a_text_with_a_visible_character_is_not_blank(text: str) -> None:
    """One visible character of any script makes a text."""
    assert not texts.is_blank(text)


@pytest.mark.parametrize(("typed", "stored"), BODIES)
def test_a_body_is_cleaned_rather_than_refused(typed: str, stored: str) -> None:
    """Invisible characters are removed or become line breaks; those of scripts and emoji stay."""
    assert texts.body(typed) == stored
    assert texts.is_clean(stored) or texts.body(stored) == stored


@pytest.mark.parametrize(("typed", "stored"), LINES)
def test_a_name_or_title_is_one_line(typed: str, stored: str) -> None:
    """A name or title cannot break its line or reverse the sentence around it."""
    assert texts.line(typed) == stored


@pytest.mark.parametrize(
    "text",
    [
        "Win at https://evil.example",
        "HTTP://EVIL.EXAMPLE",
        "see www.evil.example",
        "evil.example/claim",
        "javascript://x",
    ],
)
def test_a_name_with_a_link_is_refused(text: str) -> None:
    """Names appear in our mails and SMS, so they must not carry links."""
    with pytest.raises(ValueError, match="link"):
        texts.name(text)


@pytest.mark.parametrize(
    "text", ["Booking.com", "J. R. Smith", "A/B Movers", "St. Mary's", "Dr.Who"]
)
def test_a_name_with_a_dot_is_not_a_link(text: str) -> None:
    """Company names may be domains, and initials have dots."""
    assert texts.name(text) == text


_ANY = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\n\r\x0b\ufeff e\u0301"
    )
)


@given(_ANY)
@example("\r\n\r")
@example("\u2066\u202c\u2069")
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """A cleaned text stays the same when it is sent again."""
    assert texts.body(texts.body(text)) == texts.body(text)
    assert texts.line(texts.line(text)) == texts.line(text)


@given(_ANY)
def test_a_cleaned_text_leaves_no_direction_open(text: str) -> None:
    """Every embedding and isolate is closed by the end of its line, so none affects the next."""
    for line in texts.body(text).split("\n"):
        opened = sum(line.count(character) for character in "\u202a\u202b\u202d\u202e")
        isolated = sum(line.count(character) for character in "\u2066\u2067\u2068")
        assert opened == line.count("\u202c")
        assert isolated == line.count("\u2069")


@given(_ANY)
def test_cleaning_hides_nothing_that_was_visible(text: str) -> None:
    """A visible text stays visible after cleaning; a blank one stays blank."""
    assert texts.is_blank(texts.body(text)) == texts.is_blank(text)
    assert texts.is_blank(texts.line(text)) == texts.is_blank(text)
