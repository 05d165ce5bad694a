"""The texts of codes, reset links and security notices."""

import re
from typing import Any

import pytest
from jinja2 import UndefinedError

from marketplace.domain.notifications import AccountKind, SecurityChange
from marketplace.domain.sms_text import count_segments, is_gsm
from notify.rendering import Renderer
from notify.rules import NotificationKind
from tests.notify.test_rendering import STRANGER

CODE = NotificationKind.VERIFICATION_CODE
RESET = NotificationKind.PASSWORD_RESET
SECURITY = NotificationKind.SECURITY
DATA: dict[NotificationKind, dict[str, Any]] = {
    CODE: {"path": "/", "nonce": "n1", "code": "047114"},
    RESET: {"path": "/password-reset", "nonce": "n1", "code": "slot", "token": "n1.proof"},
    SECURITY: {"path": "/", "to": "carla@a.example", "change": "password_changed"},
}


@pytest.mark.parametrize("kind", list(DATA))
def test_every_kind_renders_a_complete_email(kind: NotificationKind, renderer: Renderer) -> None:
    """A one-line subject, a text and a page; the name is isolated and escaped."""
    mail = renderer.mail(kind, f"<i>{STRANGER}</i>", DATA[kind])

    assert mail.subject
    assert "\n" not in mail.subject
    assert not re.search(r"\n{3}|[{}]|None", mail.text)
    assert mail.text.startswith("Hello <i>")
    assert "<bdi>&lt;i&gt;" in mail.html
    assert {*DATA} == {NotificationKind(kind.value) for kind in AccountKind}


def test_a_code_stands_in_the_text_and_nowhere_else(renderer: Renderer) -> None:
    """Not in the subject, which phones show while they are locked, and in no link."""
    mail = renderer.mail(CODE, "Carla", DATA[CODE])

    assert "047114" in mail.text
    assert "047114" in mail.html
    assert "047114" not in mail.subject
    assert not re.search(r'href="[^"]*047114', mail.html)


def test_a_code_by_sms_is_one_short_line(renderer: Renderer) -> None:
    """One segment in the alphabet of phones, without a link."""
    text = renderer.sms(CODE, DATA[CODE])

    assert "047114" in text
    assert "http" not in text
    assert is_gsm(text)
    assert count_segments(text) == 1


def test_a_reset_link_has_its_token_after_the_number_sign(renderer: Renderer) -> None:
    """Browsers send that part to no server, so no log has it."""
    mail = renderer.mail(RESET, "Carla", DATA[RESET])

    link = "https://parley.example/password-reset#n1.proof"
    assert f"{link}\n" in mail.text
    assert f'href="{link}"' in mail.html
    assert mail.text.count("n1.proof") == 1


@pytest.mark.parametrize("change", list(SecurityChange))
def test_every_change_has_its_own_words(change: SecurityChange, renderer: Renderer) -> None:
    """No two changes look alike, and each says what to do, or that there is nothing to do."""
    mail = renderer.mail(SECURITY, "Carla", {**DATA[SECURITY], "change": change.value})
    others = {
        renderer.mail(SECURITY, "Carla", {**DATA[SECURITY], "change": other.value}).subject
        for other in SecurityChange
        if other is not change
    }

    assert mail.subject not in others
    assert len(mail.text.split("\n\n")[1]) > 20


def test_a_notice_with_a_token_has_a_link_that_undoes_the_change(renderer: Renderer) -> None:
    """Without one it leads to the page."""
    undo = {**DATA[SECURITY], "change": "email_changed", "path": "/email-undo", "token": "n1.proof"}

    mail = renderer.mail(SECURITY, "Carla", undo)

    assert "It was not me:\nhttps://parley.example/email-undo#n1.proof\n" in mail.text
    assert "seven days" in mail.text


@pytest.mark.parametrize(("kind", "name"), [(CODE, "code"), (SECURITY, "change")])
def test_a_missing_value_is_an_error(kind: NotificationKind, name: str, renderer: Renderer) -> None:
    """Nobody gets an email with a hole in it, nor one about an unknown change."""
    holes = {key: value for key, value in DATA[kind].items() if key != name}

    with pytest.raises(UndefinedError):
        renderer.mail(kind, "Carla", holes)
    if kind is SECURITY:
        with pytest.raises(UndefinedError):
            renderer.mail(kind, "Carla", {**DATA[kind], "change": "invented"})
