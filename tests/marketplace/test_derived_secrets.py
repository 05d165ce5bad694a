"""What follows from the deployment's secret."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from marketplace.derived_secrets import DerivedSecrets
from marketplace.domain import codes
from marketplace.domain.codes import Code, CodePurpose
from marketplace.domain.passkeys import CHALLENGE_LIFETIME, ChallengeUse
from tests.builders import NOW

SECRETS = DerivedSecrets("0" * 32)
CODE = codes.issue(CodePurpose.EMAIL, "carla", "carla@a.example", "nonce", NOW)
OTHERS = [
    replace(CODE, nonce="other"),
    replace(CODE, account_id="luis"),
    replace(CODE, purpose=CodePurpose.PHONE),
    replace(CODE, address="luis@a.example"),
]
# RFC 6238, appendix B: the secret, and the last six digits at some times.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]


def test_a_codes_digits_are_the_same_in_every_process() -> None:
    """`notify` writes the digits that `rest` accepts; another deployment has others."""
    digits = SECRETS.digits(CODE)

    assert digits.isdecimal()
    assert len(digits) == 6
    assert DerivedSecrets("0" * 32).is_digits(CODE, digits)
    assert not DerivedSecrets("1" * 32).is_digits(CODE, digits)


@pytest.mark.parametrize("other", OTHERS)
def test_a_code_is_bound_to_account_purpose_address_and_nonce(other: Code) -> None:
    """Digits and token of one code are refused for each other code."""
    assert not SECRETS.is_token(other, SECRETS.token(CODE))
    assert not SECRETS.is_digits(other, SECRETS.digits(CODE))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "१२३४५६", "\ud800", "000000" * 1_000])
def test_what_is_no_code_is_refused(typed: str) -> None:
    """Whatever is typed, the answer is no; nothing raises."""
    assert not SECRETS.is_digits(CODE, typed.encode(errors="replace").decode())


def test_digits_are_spread_evenly() -> None:
    """A thousand codes begin with every digit, so none is a better guess than another."""
    made = [SECRETS.digits(replace(CODE, nonce=str(number))) for number in range(1_000)]

    assert {digits[0] for digits in made} == set("0123456789")
    assert len(set(made)) > 990


@pytest.mark.parametrize(("at_s", "code"), RFC_CODES)
def test_time_based_codes_are_those_of_the_rfc(at_s: int, code: str) -> None:
    """The test vectors of RFC 6238."""
    at = datetime.fromtimestamp(at_s, UTC)

    assert SECRETS.totp_step(RFC_SECRET, code, at) == at_s // 30
    assert SECRETS.totp_step(RFC_SECRET, f"{int(code) ^ 1:06}", at) is None


def test_an_authenticator_app_gets_the_secret_the_account_and_our_name() -> None:
    """The address has what apps show, and a secret of 160 bits."""
    secret = SECRETS.new_totp_secret()

    uri = urlsplit(SECRETS.totp_uri(secret, "carla@a.example"))

    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Parley:carla%40a.example")
    assert parse_qs(uri.query)["secret"] == [secret]
    assert len(secret) == 32
    assert secret != SECRETS.new_totp_secret()


def test_a_sealed_secret_opens_for_its_owner_alone() -> None:
    """Another owner, another deployment and a changed byte are refused; no two seals are equal."""
    sealed = SECRETS.seal("GEZDGNBV", "carla")

    assert SECRETS.unseal(sealed, "carla") == "GEZDGNBV"
    assert sealed != SECRETS.seal("GEZDGNBV", "carla")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    refused = [
        (SECRETS, sealed, "luis"),
        (DerivedSecrets("1" * 32), sealed, "carla"),
        (SECRETS, changed, "carla"),
    ]
    for secrets, tried, owner in refused:
        with pytest.raises(ValueError, match="not sealed"):
            secrets.unseal(tried, owner)


def test_recovery_codes_are_random_and_forgiving_to_type() -> None:
    """Case, spaces and hyphens do not matter; the account does."""
    made = SECRETS.new_recovery_codes(10)
    known = SECRETS.recovery_hash(made[0], "carla")

    assert len({*made}) == 10
    assert all(len(code.replace("-", "")) == 12 for code in made)
    assert SECRETS.recovery_hash(made[0].upper().replace("-", " "), "carla") == known
    assert SECRETS.recovery_hash(made[0], "luis") != known
    assert SECRETS.recovery_hash(made[1], "carla") != known


def test_a_challenge_is_bound_to_its_use_and_subject_and_expires() -> None:
    """It passes for five minutes, and only where it was made; no two are equal."""
    challenge = SECRETS.challenge(ChallengeUse.ADD, "carla", NOW)
    late = NOW + CHALLENGE_LIFETIME

    assert SECRETS.is_challenge(challenge, ChallengeUse.ADD, "carla", NOW)
    assert not SECRETS.is_challenge(challenge, ChallengeUse.ADD, "carla", late)
    assert not SECRETS.is_challenge(challenge, ChallengeUse.PROVE, "carla", NOW)
    assert not SECRETS.is_challenge(challenge, ChallengeUse.ADD, "luis", NOW)
    assert not DerivedSecrets("1" * 32).is_challenge(challenge, ChallengeUse.ADD, "carla", NOW)
    for changed in (b"", challenge[:-1], b"\xff" + challenge[1:], challenge + b"x"):
        assert not SECRETS.is_challenge(changed, ChallengeUse.ADD, "carla", NOW)
    assert challenge != SECRETS.challenge(ChallengeUse.ADD, "carla", NOW)
