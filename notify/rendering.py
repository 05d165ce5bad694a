"""Renders notifications from templates.

Each kind has two files: `<kind>.txt` with the blocks subject, text, action and sms, and
`<kind>.html` with content and action.  Both extend a layout; a kind without a link empties its
block `link`.  An undefined name is an error; HTML
is escaped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex
from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from marketplace.domain.categories import CATEGORIES
from marketplace.domain.sms_text import count_segments, is_gsm, plain, without_links
from marketplace.inputs.currencies import decimals
from marketplace.inputs.texts import DIRECTION_CONTROLS
from notify.rules import NotificationKind

MAX_MESSAGES_SHOWN = 5
MAX_SUBJECT_CHARACTERS = 150
MAX_SEGMENTS = 2
# In UCS-2 the link alone nearly fills two segments.
MAX_UCS2_SEGMENTS = 3
MAX_SMS_WORDS = 70  # characters of a title or a name
_FEWEST_SMS_WORDS = 3
# The fields of an SMS's data that no user typed.
_NOT_TYPED = frozenset({"path", "category", "code", "nonce", "token"})


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered email."""

    subject: str
    text: str
    html: str


class Renderer:
    """Renders every kind; links start with the public URL."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._environment = Environment(
            loader=PackageLoader("notify", "templates"),
            autoescape=select_autoescape(["html"], default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "money": money,
            "distance": distance,
            "duration": duration,
            "one_line": one_line,
            "short": short,
        }
        self._texts = {kind: self._template(kind, "txt") for kind in NotificationKind}
        self._pages = {kind: self._template(kind, "html") for kind in NotificationKind}

    def mail(
        self,
        kind: NotificationKind,
        name: str,
        data: Mapping[str, Any],
        messages: Sequence[str] = (),
    ) -> Mail:
        """An email to a person with this name; `messages` are the bodies that it shows."""
        values = self._values(name, data, messages)
        subject = short(_block(self._texts[kind], "subject", values), MAX_SUBJECT_CHARACTERS)
        return Mail(
            subject=subject,
            text=self._texts[kind].render(values) + "\n",
            html=self._pages[kind].render(values, subject=subject),
        )

    def sms(self, kind: NotificationKind, data: Mapping[str, Any]) -> str:
        """An SMS: one line. The link at its end, if its kind has one, is the only one in it.

        Text typed by users is shortened until the SMS fits into two segments, or three where its
        characters require UCS-2.
        """
        typed = {
            name: without_links(plain(value))
            for name, value in data.items()
            if isinstance(value, str) and name not in _NOT_TYPED
        }
        fits, too_long = _FEWEST_SMS_WORDS, MAX_SMS_WORDS + 1
        text = self._sms(kind, data, typed, MAX_SMS_WORDS)
        if _is_short_enough(text):
            return text
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if _is_short_enough(self._sms(kind, data, typed, middle)):
                fits = middle
            else:
                too_long = middle
        return self._sms(kind, data, typed, fits)

    def _sms(
        self, kind: NotificationKind, data: Mapping[str, Any], typed: Mapping[str, str], most: int
    ) -> str:
        shown = {name: short(value, most) for name, value in typed.items()}
        return one_line(_block(self._texts[kind], "sms", self._values("", {**data, **shown}, ())))

    def _template(self, kind: NotificationKind, suffix: str) -> Template:
        return self._environment.get_template(f"{kind}.{suffix}")

    def _values(
        self, name: str, data: Mapping[str, Any], messages: Sequence[str]
    ) -> dict[str, Any]:
        category = data.get("category", "")  # only a notification about an RFI has one
        fragment = f"#{data['token']}" if "token" in data else ""
        return {
            **data,
            "name": name,
            "category_name": CATEGORIES.get(category, category),
            "public_url": self._public_url,
            # The part after the `#` is not sent to any server, and so is in no log.
            "url": f"{self._public_url}{data['path']}{fragment}",
            "message_count": len(messages),
            "messages": messages[-MAX_MESSAGES_SHOWN:],
        }


def _is_short_enough(text: str) -> bool:
    return count_segments(text) <= (MAX_SEGMENTS if is_gsm(text) else MAX_UCS2_SEGMENTS)


def _block(template: Template, name: str, values: dict[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(values)))


def money(amount_minor: int, currency: str) -> str:
    """An amount in minor units as people write it: `1,250.00 USD`, `1,250 JPY`."""
    places = decimals(currency)
    whole, rest = divmod(amount_minor, 10**places)
    return f"{whole:,}.{rest:0{places}} {currency}" if places else f"{whole:,} {currency}"


def distance(distance_m: int) -> str:
    """Metres as people write them: `800 m`, `1.2 km`, `4 km`, `35 km`."""
    if distance_m < 1_000:
        return f"{distance_m} m"
    is_whole = distance_m >= 10_000 or distance_m % 1_000 == 0
    return f"{distance_m / 1_000:.{0 if is_whole else 1}f} km"


def duration(seconds: int) -> str:
    """A time as people write it, in the largest unit of which it has two: `3 days`, `45 minutes`."""
    for unit, unit_s in (("days", 86_400), ("hours", 3_600)):
        if seconds >= 2 * unit_s:
            return f"{round(seconds / unit_s)} {unit}"
    minutes = max(1, round(seconds / 60))
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def one_line(text: str) -> str:
    """The text with white space and line breaks as single spaces, without direction controls."""
    return " ".join(DIRECTION_CONTROLS.sub("", text).split())


def short(text: str, most: int) -> str:
    """One line of at most `most` characters; three dots mark a cut.

    What people see as one character (an emoji, a flag, a letter with its marks) stays whole.
    """
    line = one_line(text)
    if len(line) <= most:
        return line
    kept = ""
    for grapheme in regex.findall(r"\X", line[:most]):
        if len(kept) + len(grapheme) > most - 3:
            break
        kept += grapheme
    return kept.rstrip() + "..."
