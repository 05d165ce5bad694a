"""WebAuthn with devices: what they get, and which answers are accepted."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from marketplace.authenticators import WebAuthn
from marketplace.domain.passkeys import Passkey
from tests.builders import NOW, an_account
from tests.devices import PRESENT, Device

SITE = WebAuthn("https://parley.example")
CHALLENGE = b"challenge of forty bytes or so, as random"


def a_device(**named: Any) -> Device:
    """A device at our site."""
    return Device(**{"origin": "https://parley.example", "host": "parley.example", **named})


def a_passkey(device: Device, **named: Any) -> Passkey:
    """The device's passkey, added."""
    options = SITE.options_to_add(an_account(), CHALLENGE, [])
    made = SITE.added(device.make(options), CHALLENGE)
    passkey = Passkey("p-1", "carla", made.credential_id, made.public_key, "Phone", NOW)
    return replace(passkey, **named)


def test_a_device_gets_what_it_needs_to_make_a_key() -> None:
    """For our host, for the account's id, unlocked by its owner, and not twice on one device."""
    account, known = an_account(), a_passkey(a_device())

    options = SITE.options_to_add(account, CHALLENGE, [known])

    assert options["rp"] == {"name": "Parley", "id": "parley.example"}
    assert options["user"]["name"] == account.email
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert [excluded["id"] for excluded in options["excludeCredentials"]] == [known.credential_id]


def test_the_answer_of_the_same_device_is_accepted() -> None:
    """With the number of signatures that it tells."""
    device = a_device()
    passkey = a_passkey(device)
    device.sign_count = 7
    answer = device.answer(SITE.options_to_prove(CHALLENGE))

    assert SITE.challenge_in(answer) == CHALLENGE
    assert SITE.credential_id_in(answer) == passkey.credential_id
    assert SITE.proved(answer, CHALLENGE, passkey) == 7


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://parley.example.evil.example"},
        {"origin": "http://parley.example"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": 0},
    ],
    ids=str,
)
def test_an_answer_from_elsewhere_or_without_its_owner_is_refused(lie: dict[str, Any]) -> None:
    """A site that looks like ours gets an answer that is worth nothing here."""
    device = a_device()
    passkey = a_passkey(device)
    for name, value in lie.items():
        setattr(device, name, value)

    with pytest.raises(ValueError, match="not accepted"):
        SITE.proved(device.answer(SITE.options_to_prove(CHALLENGE)), CHALLENGE, passkey)
    with pytest.raises(ValueError, match="not accepted"):
        SITE.added(device.make(SITE.options_to_prove(CHALLENGE)), CHALLENGE)


def test_an_answer_to_another_challenge_or_by_another_key_is_refused() -> None:
    """Neither an old answer nor somebody else's device passes."""
    device, other = a_device(), a_device()
    passkey = a_passkey(device)
    options = SITE.options_to_prove(CHALLENGE)
    stolen = replace(other, credential_id=device.credential_id)

    for answer, challenge in (
        (device.answer(options), b"another challenge"),
        (stolen.answer(options), CHALLENGE),
        (device.make(options), CHALLENGE),
    ):
        with pytest.raises(ValueError, match="not accepted"):
            SITE.proved(answer, challenge, passkey)


def test_a_copy_that_counts_less_is_refused() -> None:
    """A key whose number of signatures does not grow was copied."""
    device = a_device(sign_count=4)
    passkey = a_passkey(device, sign_count=4)

    with pytest.raises(ValueError, match="not accepted"):
        SITE.proved(device.answer(SITE.options_to_prove(CHALLENGE)), CHALLENGE, passkey)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"rawId": 1, "response": {"clientDataJSON": "e30"}}',
        '{"rawId": "€", "response": {"clientDataJSON": "bnVsbA"}}',
        '{"id": "a", "rawId": "a", "type": "public-key", "response": {"clientDataJSON": "####"}}',
        "[" * 10_000,
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    """Whatever is sent, it raises nothing but ValueError."""
    passkey = a_passkey(a_device())
    for read in (
        SITE.challenge_in,
        lambda text: SITE.added(text, CHALLENGE),
        lambda text: SITE.proved(text, CHALLENGE, passkey),
    ):
        with pytest.raises(ValueError, match="not accepted"):
            read(text)


def test_a_damaged_attestation_is_refused() -> None:
    """Each truncation of what a device says about its key raises nothing but ValueError."""
    made = json.loads(a_device().make(SITE.options_to_prove(CHALLENGE)))
    attestation = made["response"]["attestationObject"]
    for length in range(0, len(attestation), 8):
        made["response"]["attestationObject"] = attestation[:length]
        with pytest.raises(ValueError, match="not accepted"):
            SITE.added(json.dumps(made), CHALLENGE)


@pytest.mark.parametrize("process", ["realtime", "relay", "matching", "notify"])
def test_webauthn_is_loaded_in_rest_alone(process: str) -> None:
    """The other processes start 0.4 s earlier, and each takes 8 MB less."""
    program = f"import sys; import {process}.__main__; sys.exit('webauthn' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603
