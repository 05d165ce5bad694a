"""The templates of emails and SMS, and what fits into them."""

import re
from html.parser import HTMLParser

import pytest
import regex
from jinja2 import UndefinedError

from marketplace.domain.notifications import AccountKind
from marketplace.domain.sms_text import count_segments, is_gsm, plain
from notify.rendering import Renderer, distance, duration, money, short
from notify.rules import NotificationKind

# Written by strangers: markup, a line break, quotation marks, and more than fits into a subject.
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
    "left_s": 64_800,
    "is_draft": False,
    "is_own": True,
    "has_quote": True,
}
# tests/notify/test_account_texts.py and test_vendor_texts.py have the others.
ABOUT_VENDORS = {
    NotificationKind.VENDOR_REVIEWED,
    NotificationKind.DOCUMENT_EXPIRING,
    NotificationKind.TEAM_INVITED,
}
ABOUT_RFIS = [kind for kind in NotificationKind if kind.value not in {*AccountKind, *ABOUT_VENDORS}]
VOID = {"meta", "br"}
# A name that overrides the direction of the text after it.
STRANGER = "Eve \u202e evE"


class _Page(HTMLParser):
    """Checks that tags are closed in order, and collects tag names, links and text."""

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


@pytest.mark.parametrize("kind", ABOUT_RFIS)
def test_every_kind_renders_a_complete_email(kind: NotificationKind, renderer: Renderer) -> None:
    """Every kind has a one-line subject, a text and a page, with the link and the name."""
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


@pytest.mark.parametrize("kind", ABOUT_RFIS)
def test_every_kind_escapes_peoples_text(kind: NotificationKind, renderer: Renderer) -> None:
    """Markup that people wrote appears as text in the page, and unchanged in the text."""
    mail = renderer.mail(kind, "<i>Vince</i>", DATA, ["<img src=x onerror=alert(1)>"])

    page = _Page(mail.html)
    assert not page.names & {"script", "b", "i", "img"}
    assert '<script>alert("x")</script>' in mail.text


@pytest.mark.parametrize("kind", ABOUT_RFIS)
def test_every_kind_renders_a_one_line_sms_with_a_link(
    kind: NotificationKind, renderer: Renderer
) -> None:
    """An ordinary title takes at most two segments; the link, which is unique, is at the end."""
    text = renderer.sms(kind, {**DATA, "title": "Leaking kitchen sink"})

    assert "\n" not in text
    assert text.startswith("Parley: ")
    assert text.endswith(" https://parley.example/rfis/r1")
    assert len(text) <= 306


@pytest.mark.parametrize("kind", ABOUT_RFIS)
def test_no_name_or_title_reverses_the_sentence(kind: NotificationKind, renderer: Renderer) -> None:
    """What a person wrote is isolated in HTML and has no direction controls elsewhere."""
    names = dict.fromkeys(("title", "sender_name", "vendor_name"), STRANGER)

    mail = renderer.mail(kind, STRANGER, {**DATA, **names}, ["When?"])

    assert _Page(mail.html).around <= {"bdi", "title"}
    assert "bdi" in _Page(mail.html).around
    assert "\u202e" not in mail.subject
    assert "\u202e" not in mail.text
    assert "\u202e" not in renderer.sms(kind, {**DATA, **names})


@pytest.mark.parametrize("kind", ABOUT_RFIS)
def test_a_missing_value_is_an_error(kind: NotificationKind, renderer: Renderer) -> None:
    """A missing value is an error, so that nobody gets an email with a hole in it."""
    without_title = {name: value for name, value in DATA.items() if name != "title"}

    with pytest.raises(UndefinedError):
        renderer.mail(kind, "Vince", without_title, ["When?"])


def test_an_email_about_messages_quotes_the_last_five(renderer: Renderer) -> None:
    """The email quotes the last five messages and says how many there are."""
    bodies = [f"message {number}" for number in range(1, 8)]

    mail = renderer.mail(NotificationKind.MESSAGE_SENT, "Vince", {**DATA, "title": "Sink"}, bodies)

    assert mail.subject.startswith("7 new messages from")
    assert "(the last 5 of 7 messages)" in mail.text
    assert [body for body in bodies if f"> {body}\n" in mail.text] == bodies[2:]
    assert [body for body in bodies if f">{body}</p>" in mail.html] == bodies[2:]


def test_an_email_about_one_message_says_so(renderer: Renderer) -> None:
    """An email about one message uses the singular, without a count."""
    mail = renderer.mail(
        NotificationKind.MESSAGE_SENT, "Vince", {**DATA, "title": "Sink"}, ["When?"]
    )

    assert mail.subject == "New message from <b>Carla</b> about Sink"
    assert "the last" not in mail.text


def test_a_long_message_is_cut(renderer: Renderer) -> None:
    """A long message is cut in the email; the app shows all 8,000 characters."""
    mail = renderer.mail(NotificationKind.MESSAGE_SENT, "Vince", DATA, ["x" * 8_000])

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
def test_money_has_its_currencys_decimal_places(
    amount_minor: int, currency: str, written: str
) -> None:
    """An amount has as many decimal places as ISO 4217 defines for its currency."""
    assert money(amount_minor, currency) == written


@pytest.mark.parametrize(
    ("distance_m", "text"), [(0, "0 m"), (999, "999 m"), (1_240, "1.2 km"), (35_400, "35 km")]
)
def test_distances_are_rounded_for_people(distance_m: int, text: str) -> None:
    """Metres below a kilometre, one decimal place up to ten kilometres."""
    assert distance(distance_m) == text


def test_short_cuts_only_beyond_the_limit() -> None:
    """A text that fits is not changed."""
    assert short("a\n b", 3) == "a b"
    assert short("abcdef", 5) == "ab..."


ORDINARY = "Leaking kitchen sink: the trap under it drips day and night"


@pytest.mark.parametrize("kind", ABOUT_RFIS)
@pytest.mark.parametrize("title", [ORDINARY, "Can’t close the tap – “urgent”…", "x" * 120])
def test_an_sms_with_an_ordinary_title_takes_two_segments_at_most(
    kind: NotificationKind, title: str, renderer: Renderer
) -> None:
    """Two segments are enough, even with characters that phones and word processors insert."""
    text = renderer.sms(kind, {**DATA, "title": title})

    assert count_segments(text) <= 2
    assert is_gsm(text)


def test_a_curly_apostrophe_costs_no_segment(renderer: Renderer) -> None:
    """A curly apostrophe would make the text UCS-2: three segments instead of one."""
    curly = renderer.sms(NotificationKind.RFI_WON, {**DATA, "title": "Can’t close the tap"})

    assert curly == renderer.sms(NotificationKind.RFI_WON, {**DATA, "title": "Can't close the tap"})
    assert count_segments(curly) == 1


@pytest.mark.parametrize(
    "title",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 24,
        "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7" * 30,
        "e\u0301\u0323" * 40,
        "Протечка " * 13,
    ],
)
@pytest.mark.parametrize("kind", ABOUT_RFIS)
def test_a_long_title_is_cut_between_characters_and_the_link_stays(
    kind: NotificationKind, title: str, renderer: Renderer
) -> None:
    """No half emoji, no half flag, no mark without its letter, and at most three segments."""
    text = renderer.sms(kind, {**DATA, "title": title})

    assert count_segments(text) <= 3
    assert text.endswith(renderer.sms(kind, {**DATA, "title": "x"}).rpartition(" ")[2])
    whole = set(regex.findall(r"\X", plain(title)))
    shown = [sign for sign in regex.findall(r"\X", text) if not sign.isascii()]
    assert shown
    assert set(shown) <= whole


@pytest.mark.parametrize(
    "title",
    [
        "see https://evil.example/login?x=1 now",
        "HTTPS://EVIL.EXAMPLE",
        "hTTp:\uff0f\uff0fevil\uff0eexample\uff0fx",
        "www.evil.example",
        "evil.example",
        "evil.example/login",
        "login.evil.example:8443/x",
        "b\u00fccher.example/x",
        "evil\u3002example",
        "mail x@evil.example",
        "mailto:x@evil.example",
        "tel:+19005550100",
        "203.0.113.7/login",
        "\u201chttps://evil.example\u201d",
        "Sink.https://evil.example",
    ],
)
def test_an_sms_contains_no_link_but_ours(title: str, renderer: Renderer) -> None:
    """The only link is ours: titles and names keep nothing that a phone would turn into one."""
    for kind in ABOUT_RFIS:
        names = {"title": title, "sender_name": title, "vendor_name": title}
        text = renderer.sms(kind, {**DATA, **names})

        assert "evil.example" not in text.casefold()
        assert "evil\u3002example" not in text
        assert text.count("://") == text.count("https://parley.example/") == 1
        assert not re.search(r"www\.|tel:|mailto:|203\.0\.113\.7", text)


@pytest.mark.parametrize(
    "title",
    ["Fix it. Today, at 10.30", "Sink 1.5 in. wide", "A.C. unit", "Paint 3.5x2.8 m", ORDINARY],
)
def test_an_ordinary_title_is_unchanged(title: str, renderer: Renderer) -> None:
    """Full stops and numbers are not links."""
    assert title in renderer.sms(NotificationKind.RFI_WON, {**DATA, "title": title})


def test_a_subject_is_cut_between_characters(renderer: Renderer) -> None:
    """An emoji at the limit is removed as a whole."""
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    for padding in range(12):
        subject = short("x" * padding + family * 40, 150)

        assert len(subject) <= 150
        assert set(regex.findall(r"\X", subject)) <= {"x", family, "."}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3 * 86_400, "3 days"),
        (2 * 86_400, "2 days"),
        (2 * 86_400 - 1, "48 hours"),
        (18 * 3_600, "18 hours"),
        (5_400, "90 minutes"),
        (61, "1 minute"),
        (3, "1 minute"),
    ],
)
def test_a_duration_is_written_in_its_largest_unit(seconds: int, text: str) -> None:
    """In the largest unit of which there are two."""
    assert duration(seconds) == text
