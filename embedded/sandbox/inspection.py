"""Deliveries and faults as JSON, for tests and tools.

    GET    /sandbox/deliveries?to=&channel=&after=&limit=  → {"items", "next_cursor"}, oldest first
    DELETE /sandbox/deliveries                             → 204
    GET    /sandbox/faults                                 → {"items"}
    PUT    /sandbox/faults  [{"channel", "status", …}]     → {"items"}, see `faults.Fault`

Errors are RFC 9457 problems.
"""

import json
from datetime import UTC
from itertools import islice

from aiohttp import web
from marshmallow import Schema, ValidationError, fields, validate

from embedded.sandbox.bodies import BodyTooLargeError, read_body
from embedded.sandbox.deliveries import Channel, Deliveries, Delivery
from embedded.sandbox.fault_schema import FaultSchema
from embedded.sandbox.faults import MAX_FAULTS, Faults

MAX_FAULTS_BYTES = 64 * 1024


class _Query(Schema):
    """The filters of the list of deliveries; `after` is the id of a delivery, or a cursor."""

    to = fields.String(load_default=None)
    channel = fields.Enum(Channel, by_value=True, load_default=None)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1_000))


class Inspection:
    """The /sandbox resources."""

    def __init__(self, deliveries: Deliveries, faults: Faults) -> None:
        self._deliveries = deliveries
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """The routes it serves."""
        return [
            web.get("/sandbox/deliveries", self._list),
            web.delete("/sandbox/deliveries", self._clear),
            web.get("/sandbox/faults", self._list_faults),
            web.put("/sandbox/faults", self._put_faults),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        try:
            query = _Query().load(dict(request.query))
        except ValidationError as invalid:
            return problem(422, invalid.messages)
        to = query["to"].casefold() if query["to"] else None
        matching = (
            delivery
            for delivery in self._deliveries.oldest_first(query["after"])
            if (to is None or delivery.submission.to.casefold() == to)
            and query["channel"] in (None, delivery.submission.channel)
        )
        window = list(islice(matching, query["limit"] + 1))
        page = window[: query["limit"]]
        next_cursor = str(page[-1].sequence) if len(window) > len(page) else None
        return web.json_response({"items": list(map(as_json, page)), "next_cursor": next_cursor})

    async def _clear(self, _: web.Request) -> web.Response:
        self._deliveries.clear()
        return web.Response(status=204)

    async def _list_faults(self, _: web.Request) -> web.Response:
        return web.json_response({"items": [fault.as_json() for fault in self._faults.in_force]})

    async def _put_faults(self, request: web.Request) -> web.Response:
        try:
            payload = json.loads(await read_body(request, MAX_FAULTS_BYTES))
            faults = FaultSchema(many=True).load(payload)
        except BodyTooLargeError:
            return problem(413, f"The body exceeds {MAX_FAULTS_BYTES} bytes.")
        except ValidationError as invalid:
            return problem(422, invalid.messages)
        except (ValueError, RecursionError):
            return problem(400, "The body is not JSON.")
        if len(faults) > MAX_FAULTS:
            return problem(422, f"At most {MAX_FAULTS} faults can be active.")
        self._faults.put(faults)
        return await self._list_faults(request)


def as_json(delivery: Delivery) -> dict[str, object]:
    """A delivery as JSON; fields that do not apply to its channel are left out."""
    submission = delivery.submission
    item: dict[str, object] = {
        "id": str(delivery.sequence),
        "channel": submission.channel.value,
        "to": submission.to,
        "from": submission.sender,
        "text": submission.text,
        "media_urls": list(submission.media_urls),
        "provider_id": submission.provider_id,
        "received_at": delivery.received_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    if submission.channel is Channel.EMAIL:
        item["subject"] = submission.subject
        item["html"] = submission.html
        item["custom_args"] = dict(submission.custom_args)
    return item


def problem(status: int, detail: object) -> web.Response:
    """An RFC 9457 problem; `detail` is a sentence, or the messages per field."""
    body: dict[str, object] = {"type": "about:blank", "status": status}
    body |= {"detail": detail} if isinstance(detail, str) else {"errors": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")
