"""Seeded conversations: the file is true to the database, and a failure is explained in a sentence."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from embedded.demo.seed import seed
from embedded.errors import StackError
from embedded.supervision.ports import choose
from marketplace.actions import accounts, conversations, matches
from marketplace.bootstrap import Parts, open_parts
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import MatchState
from marketplace.domain.rfis import RfiState
from marketplace.settings import from_environment
from tests.embedded.demo.conftest import environment_of

_COUNT = 210  # more than one transaction's


@pytest.fixture
def environment(
    mongodb_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A stack's environment, set for this process; no embedded stack is running."""
    given = environment_of(mongodb_url, redis_url)
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path / "nothing"))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest_asyncio.fixture
async def parts(environment: dict[str, str]) -> AsyncIterator[Parts]:
    """The parts of a process of that stack."""
    async with open_parts(from_environment(environment)) as parts:
        yield parts
        await parts.store.database.client.drop_database(environment["MONGODB_DATABASE"])


async def _seeded(path: Path, count: int = _COUNT) -> list[dict[str, Any]]:
    def make() -> list[dict[str, Any]]:
        seed(count, path)
        seeded: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return seeded

    return await asyncio.to_thread(make)


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_the_file_has_the_requested_conversations(parts: Parts, tmp_path: Path) -> None:
    """The file has the requested number of different conversations, and is its owner's alone."""
    seeded = await _seeded(tmp_path / "seeds.json")

    assert len({row["conversation_id"] for row in seeded}) == _COUNT
    assert len({row["rfi_id"] for row in seeded}) == _COUNT
    assert all(set(row) == {"conversation_id", "rfi_id", "tokens"} for row in seeded)
    assert _modes(tmp_path) == {"seeds.json": 0o600}


async def test_tokens_belong_to_the_participants_and_last_for_hours(
    parts: Parts, tmp_path: Path
) -> None:
    """Both tokens are valid for more than an hour and belong to sessions of the participants."""
    for row in await _seeded(tmp_path / "seeds.json"):
        customer, vendor = (parts.tokens.check(token) for token in row["tokens"])
        conversation = await parts.store.conversations.get(row["conversation_id"])

        assert (customer.role, vendor.role) == (Role.CUSTOMER, Role.VENDOR)
        assert conversation is not None
        assert conversation.rfi_id == row["rfi_id"]
        assert [one.account_id for one in conversation.participants] == [
            customer.account_id, vendor.account_id,
        ]  # fmt: skip
        for access in (customer, vendor):
            assert access.expires_at > parts.world.clock.now() + timedelta(hours=1)
            session = await parts.store.sessions.get(access.session_id)
            assert session is not None
            assert session.account_id == access.account_id
            assert session.expires_at >= access.expires_at


async def test_seeded_accounts_have_verified_addresses(parts: Parts, tmp_path: Path) -> None:
    """External clients may do everything that needs a verified email."""
    (seeded,) = await _seeded(tmp_path / "seeds.json", 1)

    for token in seeded["tokens"]:
        account = await parts.store.accounts.get(parts.tokens.check(token).account_id)
        assert account is not None
        assert (await accounts.as_seen(parts.world, account)).email_verified_at is not None


async def test_both_sides_can_send_messages(parts: Parts, tmp_path: Path) -> None:
    """Each side can send a message, which gets the next sequence."""
    (seeded,) = await _seeded(tmp_path / "seeds.json", 1)
    conversation = await parts.store.conversations.get(seeded["conversation_id"])
    assert conversation is not None

    sent = []
    for number, token in enumerate(seeded["tokens"]):
        access = parts.tokens.check(token)
        sent.append(
            await conversations.send_message(
                parts.world,
                Actor(access.account_id, access.role),
                conversation,
                client_message_id=f"m{number}",
                body="Hello",
                attachment_ids=[],
            )
        )

    assert [message.entry.sequence for message in sent] == [
        2,
        3,
    ]  # after the notice that the vendor joined


async def test_the_matching_process_finds_nothing_to_do(parts: Parts, tmp_path: Path) -> None:
    """The only place of each RFI is taken, by a vendor that has no other place."""
    system = Actor("matching", Role.SYSTEM)
    for row in await _seeded(tmp_path / "seeds.json", 5):
        rfi = await parts.store.rfis.get(row["rfi_id"])
        (match,) = await parts.store.matches.of_rfi(row["rfi_id"])
        vendor = await parts.store.vendors.get(match.vendor_id)

        assert rfi is not None
        assert vendor is not None
        assert (rfi.state, rfi.match_count, rfi.max_vendors) == (RfiState.OPEN, 1, 1)
        assert match.state is MatchState.ACCEPTED
        assert vendor.open_matches == vendor.capacity == 1
        assert await matches.match_rfi(parts.world, system, "matching", rfi.id, rfi.id) == 0


async def test_seeding_again_creates_new_conversations(parts: Parts, tmp_path: Path) -> None:
    """The file is replaced with conversations that did not exist before."""
    first = await _seeded(tmp_path / "seeds.json", 3)
    second = await _seeded(tmp_path / "seeds.json", 4)

    assert len(second) == 4
    assert not {row["conversation_id"] for row in first} & {
        row["conversation_id"] for row in second
    }


async def test_a_running_embedded_stack_is_found(
    parts: Parts, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without MongoDB in the environment, the running stack's own environment is used."""
    for name in environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "environment.json").write_text(json.dumps(environment), encoding="utf-8")

    (seeded,) = await _seeded(tmp_path / "seeds.json", 1)

    assert parts.tokens.check(seeded["tokens"][0]).role is Role.CUSTOMER


def test_a_missing_stack_is_one_sentence(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no stack runs and nothing is set, the error says how to start one."""
    for name in environment:
        monkeypatch.delenv(name)

    with pytest.raises(StackError, match=r"No stack is running in .*\. Start one with `parley up`"):
        seed(1, tmp_path / "seeds.json")


def test_an_unreachable_stack_leaves_the_previous_file(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure is one sentence; the previous file stays, and nothing else is left."""
    monkeypatch.setenv("MONGODB_URL", f"mongodb://127.0.0.1:{choose()}/?replicaSet=parley")
    path = tmp_path / "seeds.json"
    path.write_text("[]", encoding="utf-8")

    with pytest.raises(StackError, match="does not respond"):
        seed(1, path)

    assert path.read_text(encoding="utf-8") == "[]"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_secret_is_named(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens cannot be created without the stack's secret, and the error names the variable."""
    monkeypatch.delenv("PARLEY_TOKEN_SECRET")

    with pytest.raises(StackError, match="PARLEY_TOKEN_SECRET"):
        seed(1, tmp_path / "seeds.json")


def test_a_missing_folder_is_reported_before_anything_is_created(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Writing the file is tried first."""
    with pytest.raises(StackError, match=r"seeds\.json cannot be written: No such file"):
        seed(1, tmp_path / "missing" / "seeds.json")


@pytest.mark.parametrize("count", [0, -3, 50_001])
def test_a_number_out_of_range_is_refused(
    environment: dict[str, str], tmp_path: Path, count: int
) -> None:
    """The number must be from 1 to 50,000."""
    with pytest.raises(StackError, match="must be 1 to 50,000"):
        seed(count, tmp_path / "seeds.json")
    assert not _modes(tmp_path)
