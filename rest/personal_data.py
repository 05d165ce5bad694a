"""Export everything about the caller's account, and erase it."""

import asyncio
from contextlib import aclosing
from typing import Any

from sanic.response.types import ResponseStream

from marketplace.actions import erasures, exports, sessions
from marketplace.domain.accounts import OwnAccount
from marketplace.errors import Code, ParleyError
from marketplace.logs import get_logger
from rest.archives import MEDIA_TYPE, zipped
from rest.context import Answer, RequestContext
from rest.operations import Routes

LOG = get_logger(__name__)
ROUTES = Routes("Accounts")
# nginx takes a response as fast as it is made; only a connection that is stuck needs longer.
_LONGEST_S = 3_600.0


@ROUTES.get("/v1/me/export", cost=20, answers={200: MEDIA_TYPE}, errors=[Code.STEP_UP_REQUIRED])
async def export_me(context: RequestContext) -> Answer:
    """Download everything that Parley has about the caller's account.

    A ZIP archive of JSON files: the account, its addresses, log-ins, notifications and reports; the
    RFIs with all revisions, or the vendor's profile, documents, team, changes, matches and quotes;
    each conversation; and a copy of each file that the account has uploaded. An account can be
    exported three times in an hour.
    """
    await sessions.require_step_up(context.world, context.access.session_id)
    context.service.limits.export(context.access.account_id)
    if context.service.exports.locked():
        raise ParleyError(
            Code.UNAVAILABLE, "Other accounts are being exported. Try again.", retry_after_ms=10_000
        )
    account = await exports.begin(context.world, context.actor)
    headers = {"Content-Disposition": 'attachment; filename="parley-account.zip"'}
    return Answer(_archive(context, account), headers=headers)


@ROUTES.delete("/v1/me", answers={202: None}, errors=[Code.STEP_UP_REQUIRED])
async def erase_me(context: RequestContext) -> Answer:
    """Erase the caller's account.

    At once the account, its email address, phone, password and profile are gone, and its log-ins
    end. Within minutes open RFIs are withdrawn, matches and conversations close, and the other side
    sees "Deleted account" in place of the name. What was said stays for the other side. A vendor's
    documents and pictures are deleted, and its team loses access.
    """
    await sessions.require_step_up(context.world, context.access.session_id)
    ended = await erasures.erase(context.world, context.actor)
    context.service.sessions.forget(*ended)
    context.service.erasing.wake()
    return Answer(status=202)


def _archive(context: RequestContext, account: OwnAccount) -> ResponseStream:
    """A response that makes the archive while it is sent.

    If it cannot be completed, it closes the connection, so that the client notices.
    """

    async def send(response: Any) -> None:
        if context.request.method == "HEAD":
            return
        at = context.world.clock.now()
        archive = zipped(exports.files(context.world, account), at)
        try:
            async with context.service.exports, aclosing(archive), asyncio.timeout(_LONGEST_S):
                async for chunk in archive:
                    await response.write(chunk)
        except Exception:
            LOG.exception("an export was cut off")
            transport: Any = context.request.transport
            if transport is not None:
                transport.abort()

    return ResponseStream(send, content_type=MEDIA_TYPE)
