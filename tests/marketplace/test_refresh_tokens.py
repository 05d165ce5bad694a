"""Refresh tokens: who issued them, and which token comes next."""

import pytest

from marketplace.refresh_tokens import RefreshTokens, hash_of, session_id_of

SECRET = "a secret of this deployment"


@pytest.fixture
def tokens() -> RefreshTokens:
    """One deployment's refresh tokens."""
    return RefreshTokens(SECRET)


def test_first_tokens_are_random_and_name_their_session(tokens: RefreshTokens) -> None:
    """Two first tokens share only their session id, and the hashes do not reveal the tokens."""
    one, two = tokens.first("session-1"), tokens.first("session-1")

    assert one != two
    assert session_id_of(one) == session_id_of(two) == "session-1"
    assert hash_of(one) != hash_of(two)
    assert one not in hash_of(one)


def test_a_token_has_one_successor_in_every_process(tokens: RefreshTokens) -> None:
    """A repeated refresh gets the same answer from every process; the chain does not end."""
    token = tokens.first("session-1")

    chain = [token]
    for _ in range(5):
        chain.append(RefreshTokens(SECRET).successor(chain[-1]))

    assert chain[1] == tokens.successor(token)
    assert len(set(chain)) == 6
    assert all(tokens.is_issued(issued) for issued in chain)
    assert {session_id_of(issued) for issued in chain} == {"session-1"}


@pytest.mark.parametrize(
    "made_up",
    [
        "",
        ".",
        "..",
        "session-1",
        "session-1.garbage",
        "session-1.seed.proof",
        "é.é.é",
        "\ud83d.x.y",
    ],
)
def test_a_forged_token_is_refused(tokens: RefreshTokens, made_up: str) -> None:
    """Nobody can forge a token from a session id alone."""
    assert not tokens.is_issued(made_up.encode(errors="replace").decode())


def test_a_changed_token_is_refused(tokens: RefreshTokens) -> None:
    """Another session, seed, proof or deployment secret invalidates a token."""
    session_id, seed, proof = tokens.first("session-1").split(".")

    assert tokens.is_issued(f"{session_id}.{seed}.{proof}")
    assert not tokens.is_issued(f"session-2.{seed}.{proof}")
    assert not tokens.is_issued(f"{session_id}.{seed[::-1]}.{proof}")
    assert not tokens.is_issued(f"{session_id}.{seed}.{proof[::-1]}")
    assert not RefreshTokens("another secret").is_issued(f"{session_id}.{seed}.{proof}")


def test_a_token_of_version_0_1_has_a_successor(tokens: RefreshTokens) -> None:
    """Two-part tokens of version 0.1 work after an upgrade; nothing proves who issued them."""
    old = "session-1.Zm9vYmFyYmF6"

    assert not tokens.is_issued(old)
    assert tokens.is_issued(tokens.successor(old))
