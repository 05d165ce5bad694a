"""Real servers and stores for the tests; each starts when the first test asks for it.

mongodb_url, redis_url, kafka_bootstrap_servers   one server each per session, in a temporary folder
stack, site       the whole stack, for journeys and chaos tests, and a client of its entry point
settings          a process's settings, with a separate database for each test module
module_store      the MongoDB store over that database, open for the whole module
frozen            keeps the garbage collector from what exists when a module begins
store             the same store, emptied before each test
"""

import gc
import secrets
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest
import pytest_asyncio
from pymongo import MongoClient

from embedded import stack as whole
from embedded.servers.running import Running, running
from marketplace.settings import Settings, from_environment
from marketplace.storage import MongoStore, open_store
from tests.journeys.site import Site, opened

# How long one example takes depends on the machine more than on the code.
hypothesis.settings.register_profile("parley", deadline=None)
hypothesis.settings.load_profile("parley")

_NOWHERE = "127.0.0.1:9"  # the discard port: nothing listens there


@pytest.fixture(scope="module")
def frozen() -> Iterator[None]:
    """Exclude existing objects from garbage collection, as our processes do."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def mongodb_server() -> Iterator[Running]:
    """A one-member MongoDB replica set that removes expired documents every second."""
    with running("mongod") as servers:
        with MongoClient[dict[str, object]](servers.mongodb_url) as client:
            client.admin.command("setParameter", 1, ttlMonitorSleepSecs=1)
        yield servers


@pytest.fixture(scope="session")
def mongodb_url(mongodb_server: Running) -> str:
    """The address of the MongoDB server."""
    return mongodb_server.mongodb_url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Valkey server."""
    with running("valkey") as servers:
        yield servers.redis_url


@pytest.fixture(scope="session")
def kafka_bootstrap_servers() -> Iterator[str]:
    """The address of a Kafka broker."""
    with running("kafka") as servers:
        yield servers.kafka_bootstrap_servers


@pytest.fixture(scope="session")
def stack() -> Iterator[Running]:
    """Every server and process, with raised rate limits because all test users share one address."""
    with whole.running(environment={"PARLEY_LIMIT_SCALE": "1000"}) as started:
        yield started


@pytest_asyncio.fixture(scope="session")
async def site(stack: Running) -> AsyncIterator[Site]:
    """The stack and a client for it."""
    async with opened(stack) as site:
        yield site


@pytest.fixture(scope="module")
def settings(request: pytest.FixtureRequest, mongodb_url: str, redis_url: str) -> Settings:
    """Settings with a fresh database.

    Kafka takes seconds to start, so it runs only for modules with a test that requests
    `kafka_bootstrap_servers`; the other modules get an address where nothing listens.
    """
    wants_kafka = any(
        "kafka_bootstrap_servers" in item.fixturenames
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    )
    kafka = request.getfixturevalue("kafka_bootstrap_servers") if wants_kafka else _NOWHERE
    return from_environment(
        {
            "MONGODB_URL": mongodb_url,
            "MONGODB_DATABASE": f"test-{secrets.token_hex(6)}",
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "REDIS_URL": redis_url,
            "PARLEY_TOKEN_SECRET": secrets.token_hex(32),
            "PARLEY_PROCESS_NAME": "test-1",
        }
    )


@pytest_asyncio.fixture(scope="module")
async def module_store(settings: Settings) -> AsyncIterator[MongoStore]:
    """The MongoDB store for a module; its database is dropped at the end."""
    store = await open_store(settings)
    yield store
    await store.database.client.drop_database(settings.mongodb_database)
    await store.close()


@pytest_asyncio.fixture
async def mongodb_store(module_store: MongoStore) -> MongoStore:
    """The module's store, emptied of all documents except its migration records."""
    for name in await module_store.database.list_collection_names():
        if name != "migrations":
            await module_store.database[name].delete_many({})
    return module_store


@pytest.fixture
def store(mongodb_store: MongoStore) -> MongoStore:
    """The MongoDB store, empty.  The contract suite overrides it with every kind of store."""
    return mongodb_store
