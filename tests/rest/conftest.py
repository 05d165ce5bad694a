"""The real app on a free port over real servers, and clients whose every answer is checked.

Each response that a test gets is held against the OpenAPI document: a status or a body that the
document does not know fails the test that met it.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest_asyncio

from embedded import ports
from marketplace.bootstrap import open_parts
from marketplace.process import Process
from marketplace.settings import Settings
from rest.app import make_app
from rest.serving import serving
from tests.rest.contract import Contract
from tests.rest.people import Rest


@pytest_asyncio.fixture(scope="module")
async def rest(settings: Settings) -> AsyncIterator[Rest]:
    """The service of a module, with limits that tests do not meet unless they mean to."""
    port = ports.choose()
    raised = replace(settings, bind_port=port, limit_scale=1_000.0)
    async with open_parts(raised) as parts:
        process = Process(parts)
        app = make_app(parts, process.health)
        contract = Contract(json.loads(app.ctx.service.openapi_json))
        async with (
            serving(app, "127.0.0.1", port),
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                event_hooks={"response": [contract.check]},
                trust_env=False,
                timeout=30,
            ) as client,
        ):
            process.is_ready = True
            yield Rest(app, parts, client, process)
        await parts.store.database.client.drop_database(raised.mongodb_database)
