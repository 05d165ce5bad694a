"""Templates."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from notify.rendering import Renderer, distance, money, short
from notify.rules import Kind

# Written by strangers: markup, a line break, a quotation mark, and more than a subject holds.
NASTY = 'Leak <script>alert("x")</script>\r\nBcc: all@example.com & more'
DATA = {
    "title": NASTY,
    "category": "plumbing",
    "rfi_id": "r1",
    "path": "/rfis/r1",
    "distance_m": 1_240,
    "sender_name": "<b>Carla</b>",
    "vendor_name": "<b>Vince</b>",
    "amount_minor": 125_000,
    "currency": "USD",
    "changed_fields": ["needed_by", "budget"],
}
VOID = {"meta", "br"}
# A name that overrides the direction of what stands after it.
STRANGER = "Eve \u202e evE"


class _Page(HTMLParser):
    """Checks that tags are closed in order, and keeps names, links and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.links: list[str] = []
        self.texts: list[str] = []
        self.around: set[str] = set()
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if STRANGER in data:
            self.around.add(self.open[-1])


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_a_whole_email(kind: Kind, renderer: Renderer) -> None:
    """A subject of one line, a text and a page, each with the link and the name."""
    mail = renderer.mail(kind, "O'Hara & Sons", DATA, ["When could you come?"])

    assert mail.subject
    assert "\n" not in mail.subject
    assert len(mail.subject) <= 150
    assert mail.text.startswith("Hello O'Hara & Sons,\n\n")
    assert "https://parley.example/rfis/r1\n" in mail.text
    assert not re.search(r"\n{3}|[{}]", mail.text)
    page = _Page(mail.html)
    assert "https://parley.example/rfis/r1" in page.links
    assert "Hello O'Hara & Sons," in "".join(page.texts)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_escapes_what_others_wrote(kind: Kind, renderer: Renderer) -> None:
    """No tag of theirs is in the page, and the text says what they wrote."""
    mail = renderer.mail(kind, "<i>Vince</i>", DATA, ["<img src=x onerror=alert(1)>"])

    page = _Page(mail.html)
    assert not page.names & {"script", "b", "i", "img"}
    assert '<script>alert("x")</script>' in mail.text


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_an_sms_of_one_line_with_a_link(kind: Kind, renderer: Renderer) -> None:
    """Two segments at most for an ordinary title; the link, which makes it unique, at the end."""
    text = renderer.sms(kind, {**DATA, "title": "Leaking kitchen sink"})

    assert "\n" not in text
    assert text.startswith("Parley: ")
    assert text.endswith(" https://parley.example/rfis/r1")
    assert len(text) <= 306


@pytest.mark.parametrize("kind", list(Kind))
def test_no_name_or_title_turns_the_sentence_round(kind: Kind, renderer: Renderer) -> None:
    """In HTML what a person wrote stands by itself; elsewhere it holds no direction controls."""
    names = dict.fromkeys(("title", "sender_name", "vendor_name"), STRANGER)

    mail = renderer.mail(kind, STRANGER, {**DATA, **names}, ["When?"])

    assert _Page(mail.html).around <= {"bdi", "title"}
    assert "bdi" in _Page(mail.html).around
    assert "\u202e" not in mail.subject
    assert "\u202e" not in mail.text
    assert "\u202e" not in renderer.sms(kind, {**DATA, **names})


@pytest.mark.parametrize("kind", list(Kind))
def test_a_missing_value_is_an_error_and_no_blank(kind: Kind, renderer: Renderer) -> None:
    """Nobody gets an email with a hole in it."""
    without_title = {name: value for name, value in DATA.items() if name != "title"}

    with pytest.raises(UndefinedError):
        renderer.mail(kind, "Vince", without_title, ["When?"])


def test_an_email_about_messages_quotes_the_last_five(renderer: Renderer) -> None:
    """And says how many there are."""
    bodies = [f"message {number}" for number in range(1, 8)]

    mail = renderer.mail(Kind.MESSAGE_SENT, "Vince", {**DATA, "title": "Sink"}, bodies)

    assert mail.subject.startswith("7 new messages from")
    assert "(the last 5 of 7 messages)" in mail.text
    assert [each for each in bodies if f"> {each}\n" in mail.text] == bodies[2:]
    assert [each for each in bodies if f">{each}</p>" in mail.html] == bodies[2:]


def test_an_email_about_one_message_says_so(renderer: Renderer) -> None:
    """In the singular, without a count."""
    mail = renderer.mail(Kind.MESSAGE_SENT, "Vince", {**DATA, "title": "Sink"}, ["When?"])

    assert mail.subject == "New message from <b>Carla</b> about Sink"
    assert "the last" not in mail.text


def test_a_long_message_is_cut(renderer: Renderer) -> None:
    """8,000 characters are read in the app."""
    mail = renderer.mail(Kind.MESSAGE_SENT, "Vince", DATA, ["x" * 8_000])

    assert len(mail.text) < 1_500


@pytest.mark.parametrize(
    ("amount_minor", "currency", "written"),
    [
        (125_000, "USD", "1,250.00 USD"),
        (5, "EUR", "0.05 EUR"),
        (1_250, "JPY", "1,250 JPY"),
        (1_250, "KWD", "1.250 KWD"),
    ],
)
def test_money_has_the_places_of_its_currency(
    amount_minor: int, currency: str, written: str
) -> None:
    """As ISO 4217 has them."""
    assert money(amount_minor, currency) == written


@pytest.mark.parametrize(
    ("distance_m", "said"), [(0, "0 m"), (999, "999 m"), (1_240, "1.2 km"), (35_400, "35 km")]
)
def test_distances_are_said_as_people_say_them(distance_m: int, said: str) -> None:
    """Metres nearby, one place up to ten kilometres."""
    assert distance(distance_m) == said


def test_short_cuts_at_the_limit_and_not_before() -> None:
    """What fits stays whole."""
    assert short("a\n b", 3) == "a b"
    assert short("abcdef", 5) == "ab..."
