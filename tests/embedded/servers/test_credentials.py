"""Secrets are created once, and only their owner can read them."""

from pathlib import Path

from embedded.servers import credentials


def test_secrets_are_created_once_and_readable_only_by_the_owner(tmp_path: Path) -> None:
    """A second start reads what the first one created, from a file with mode 0600."""
    path = tmp_path / "secrets.json"

    created = credentials.load(path)

    assert credentials.load(path) == created
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(created["PARLEY_TOKEN_SECRET"]) >= 32


def test_two_stacks_have_different_secrets(tmp_path: Path) -> None:
    """No secret is a constant."""
    one, other = (credentials.load(tmp_path / name) for name in ("a.json", "b.json"))

    differing = {name for name in one if one[name] != other[name]}
    assert differing == set(one) - {"TWILIO_FROM_NUMBER"}
