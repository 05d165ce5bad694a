"""Templates: what is told, in words.

Two files a kind: `<kind>.txt` with the blocks subject, text, action and sms, and `<kind>.html` with
content and action.  Both stand on a layout.  An undefined name is an error; HTML is escaped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from marketplace.domain.categories import CATEGORIES
from marketplace.inputs.currencies import decimals
from notify.rules import Kind

MAX_MESSAGES_SHOWN = 5
MAX_SUBJECT_CHARACTERS = 150
# Embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX 9).
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered email."""

    subject: str
    text: str
    html: str


class Renderer:
    """Renders every kind; links lead to the public URL."""

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
            "one_line": one_line,
            "short": short,
        }
        self._texts = {kind: self._template(kind, "txt") for kind in Kind}
        self._pages = {kind: self._template(kind, "html") for kind in Kind}

    def mail(
        self, kind: Kind, name: str, data: Mapping[str, Any], messages: Sequence[str] = ()
    ) -> Mail:
        """An email to somebody of this name; `messages` are the bodies it tells of."""
        values = self._values(name, data, messages)
        subject = short(_block(self._texts[kind], "subject", values), MAX_SUBJECT_CHARACTERS)
        return Mail(
            subject=subject,
            text=self._texts[kind].render(values) + "\n",
            html=self._pages[kind].render(values, subject=subject),
        )

    def sms(self, kind: Kind, data: Mapping[str, Any]) -> str:
        """An SMS, one line, which ends with its link."""
        return one_line(_block(self._texts[kind], "sms", self._values("", data, ())))

    def _template(self, kind: Kind, suffix: str) -> Template:
        return self._environment.get_template(f"{kind}.{suffix}")

    def _values(
        self, name: str, data: Mapping[str, Any], messages: Sequence[str]
    ) -> dict[str, Any]:
        return {
            **data,
            "name": name,
            "category_name": CATEGORIES.get(data["category"], data["category"]),
            "public_url": self._public_url,
            "url": f"{self._public_url}{data['path']}",
            "message_count": len(messages),
            "messages": messages[-MAX_MESSAGES_SHOWN:],
        }


def _block(template: Template, name: str, values: dict[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(values)))


def money(amount_minor: int, currency: str) -> str:
    """Minor units as people write them: `1,250.00 USD`, `1,250 JPY`."""
    places = decimals(currency)
    whole, rest = divmod(amount_minor, 10**places)
    return f"{whole:,}.{rest:0{places}} {currency}" if places else f"{whole:,} {currency}"


def distance(distance_m: int) -> str:
    """Metres as people say them: `800 m`, `1.2 km`, `4 km`, `35 km`."""
    if distance_m < 1_000:
        return f"{distance_m} m"
    is_whole = distance_m >= 10_000 or distance_m % 1_000 == 0
    return f"{distance_m / 1_000:.{0 if is_whole else 1}f} km"


def one_line(text: str) -> str:
    """All white space, line breaks too, as single spaces; nothing that turns the sentence round."""
    return " ".join(_DIRECTION.sub("", text).split())


def short(text: str, most: int) -> str:
    """One line of at most so many characters; what was cut off is shown as three dots."""
    line = one_line(text)
    return line if len(line) <= most else line[: most - 3].rstrip() + "..."
