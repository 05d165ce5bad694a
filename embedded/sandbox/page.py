"""The mailbox as a page for people: what arrived, newest first.

Everything in it was written by somebody else. The template escapes it; an email's HTML is shown in
a frame with an empty `sandbox` attribute (no scripts, no forms, no origin: HTML Standard §4.8.5),
and the page's Content-Security-Policy, which such a frame inherits, allows only the page's own
script.
"""

import secrets
from itertools import islice

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from embedded.sandbox.deliveries import Channel, Deliveries

MAX_SHOWN = 50


class Page:
    """`GET /`, with `?to=` (a part of the recipient) and `?channel=` as filters."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        loader = PackageLoader("embedded.sandbox", "templates")
        environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._template = environment.get_template("page.html")

    def routes(self) -> list[web.RouteDef]:
        """The routes it serves."""
        return [web.get("/", self._show)]

    async def _show(self, request: web.Request) -> web.Response:
        to, channel = request.query.get("to", "").strip(), request.query.get("channel", "")
        matching = (
            delivery
            for delivery in self._deliveries.newest_first()
            if to.casefold() in delivery.submission.to.casefold()
            and channel in ("", delivery.submission.channel)
        )
        nonce = secrets.token_urlsafe(16)
        text = self._template.render(
            deliveries=list(islice(matching, MAX_SHOWN)),
            held=len(self._deliveries),
            last_sequence=self._deliveries.last_sequence,
            channels=list(Channel),
            to=to,
            channel=channel,
            max_shown=MAX_SHOWN,
            nonce=nonce,
        )
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; "
            f"script-src 'nonce-{nonce}'; connect-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
        return web.Response(text=text, content_type="text/html", headers=headers)
