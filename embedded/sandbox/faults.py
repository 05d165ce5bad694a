"""Faults: the next sends are answered as a provider in trouble would answer them."""

import asyncio
import socket
import struct
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema
from prometheus_client import Counter

MAX_FAULTS = 100
TIMEOUT = "timeout"
RESET = "reset"
# An unanswered request is let go in the end: the sendgrid client waits for ever by default.
HANG_LIMIT_S = 600

_STRUCK = Counter("parley_sandbox_faults_total", "Sends that met a fault", ["channel", "status"])


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next `times` matching sends meet.

    `channel` is "email" or "sms" (which MMS belongs to); `to` limits it to one recipient;
    `status` is 400, 429, 500, "timeout" (no answer) or "reset".  With `is_accepted` the provider
    takes the message before it breaks off: the case for which a sender must look before it
    sends again.
    """

    channel: str
    status: int | str
    times: int
    to: str | None = None
    retry_after_s: int | None = None
    is_accepted: bool = False

    @property
    def breaks_off(self) -> bool:
        """Whether the client gets no answer at all."""
        return self.status in (TIMEOUT, RESET)

    def matches(self, channel: str, recipients: Collection[str]) -> bool:
        """Whether a send on this channel to these recipients meets it."""
        wanted = self.to.casefold() if self.to else None
        return self.channel == channel and (
            wanted is None or wanted in {recipient.casefold() for recipient in recipients}
        )


class FaultSchema(Schema):
    """A fault as JSON: the fields of `Fault`."""

    channel = fields.String(required=True, validate=validate.OneOf(["email", "sms"]))
    status = fields.Raw(required=True, validate=validate.OneOf([400, 429, 500, TIMEOUT, RESET]))
    times = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 1_000_000))
    to = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 320))
    retry_after_s = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 86_400)
    )
    is_accepted = fields.Boolean(load_default=False, truthy={True}, falsy={False})

    @validates_schema
    def _fits(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse members that the status gives no meaning to."""
        status = data["status"]
        if data["retry_after_s"] is not None and status != 429:
            raise ValidationError("Goes with status 429 only.", "retry_after_s")
        if data["is_accepted"] and status not in (TIMEOUT, RESET):
            raise ValidationError('Goes with "timeout" and "reset" only.', "is_accepted")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Fault:
        return Fault(**data)


class Faults:
    """The faults in force, in the order in which they are tried."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._is_stopping = asyncio.Event()

    @property
    def in_force(self) -> Sequence[Fault]:
        """What is left of them."""
        return tuple(self._faults)

    def put(self, faults: Sequence[Fault]) -> None:
        """Replace them all."""
        self._faults = list(faults)

    def take(self, channel: str, recipients: Collection[str]) -> Fault | None:
        """The first that matches, with one of its times used up; None when the send goes well."""
        for index, fault in enumerate(self._faults):
            if fault.matches(channel, recipients):
                left = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                self._faults[index : index + 1] = left
                _STRUCK.labels(channel, str(fault.status)).inc()
                return fault
        return None

    async def break_off(self, request: web.Request, fault: Fault) -> web.Response:
        """End the connection without an answer, for a timeout only when the client gave up."""
        if fault.status == TIMEOUT:
            with suppress(TimeoutError):
                async with asyncio.timeout(HANG_LIMIT_S):
                    await self._is_stopping.wait()
        _reset(request)
        return web.Response()  # goes nowhere: its connection is gone

    def stop(self) -> None:
        """Let go of all that wait for an answer; for the shutdown."""
        self._is_stopping.set()


def _reset(request: web.Request) -> None:
    """Close the connection with a TCP reset: with a linger time of 0 the kernel sends RST."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
