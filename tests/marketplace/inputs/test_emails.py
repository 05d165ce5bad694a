"""Email addresses."""

import pytest

from marketplace.inputs import emails


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Carla@Example.com", "carla@example.com"),
        (" carla@example.com\n", "carla@example.com"),
        ("u@bücher.example", "u@xn--bcher-kva.example"),
        ("u@BÜCHER.example", "u@xn--bcher-kva.example"),
        ("u@bu\u0308cher.example", "u@xn--bcher-kva.example"),
        ("u@xn--bcher-kva.example", "u@xn--bcher-kva.example"),
        ("carla+rfi@example.co.uk", "carla+rfi@example.co.uk"),
        ("o'neil@example.com", "o'neil@example.com"),
    ],
)
def test_every_spelling_of_an_address_has_one_form(typed: str, stored: str) -> None:
    """Every spelling of an address is compared and sent to in one form."""
    assert emails.canonical(typed) == stored
    assert emails.canonical(stored) == stored
    assert emails.stored_forms(typed)[0] == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "carla",
        "x@localhost",
        "x@[127.0.0.1]",
        "x@127.0.0.1",
        "ü@example.com",
        '"a b"@example.com',
        "a..b@example.com",
        ".a@example.com",
        "a@example..com",
        "a@-example.com",
        "a@example.com.",
        "a@exa mple.com",
        "a@b.invalid",
        "Carla <carla@example.com>",
        "a@example.com, b@example.com",
        "a\u202e@example.com",
        "a@example.com\r\nBcc: b@example.com",
        f"{'a' * 65}@example.com",
    ],
)
def test_an_undeliverable_address_is_refused(typed: str) -> None:
    """Nobody can register an address that mail can never reach."""
    with pytest.raises(ValueError, match=r"."):
        emails.canonical(typed)


def test_an_address_accepted_by_version_0_1_is_still_found() -> None:
    """Addresses that version 0.1 stored as typed, in lower case, are still found."""
    assert "x@localhost" in emails.stored_forms("X@localhost")
    assert set(emails.stored_forms("U@bücher.example")) == {
        "u@xn--bcher-kva.example",
        "u@bücher.example",
    }
    assert "u@bücher.example" in emails.stored_forms("u@xn--bcher-kva.example")
