"""Emails to a vendor about its own profile."""

from typing import Any

import pytest

from marketplace.domain.vendor_reviews import Outcome
from notify.rendering import Renderer
from notify.rules import NotificationKind

NASTY = "No <b>licence</b>\r\nBcc: all@example.com"
REVIEWED: dict[str, Any] = {"reason": NASTY, "steps": [], "path": "/"}


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("is_of_changes", [False, True])
def test_every_outcome_has_a_subject_a_text_and_its_reason(
    renderer: Renderer, outcome: Outcome, is_of_changes: bool
) -> None:
    """The reason is what an admin typed, so it is escaped and kept on one line."""
    data = {**REVIEWED, "outcome": outcome.value, "is_of_changes": is_of_changes}

    mail = renderer.mail(NotificationKind.VENDOR_REVIEWED, "Vic Ortega", data)

    assert mail.subject.strip()
    assert "\n" not in mail.subject
    assert "No <b>licence</b> Bcc: all@example.com" in mail.text
    assert "&lt;b&gt;licence" in mail.html
    assert "https://parley.example/\n" in mail.text
    assert "Please change" not in mail.text


def test_an_approval_of_changes_reads_differently_from_that_of_an_application(
    renderer: Renderer,
) -> None:
    """The vendor was approved before."""
    data = {**REVIEWED, "outcome": "approved"}

    subjects = [
        renderer.mail(
            NotificationKind.VENDOR_REVIEWED, "Vic", {**data, "is_of_changes": is_of_changes}
        ).subject
        for is_of_changes in (False, True)
    ]

    assert subjects == ["Your application is approved", "Your changes are in force"]


def test_requested_steps_are_named_in_words(renderer: Renderer) -> None:
    """As people call them."""
    steps = ["service_area", "documents"]
    data = {**REVIEWED, "outcome": "changes_requested", "is_of_changes": False, "steps": steps}

    mail = renderer.mail(NotificationKind.VENDOR_REVIEWED, "Vic Ortega", data)

    assert "Please change: service area, documents." in mail.text
    assert "Please change: service area, documents." in mail.html


def test_a_warning_names_the_document_and_the_time(renderer: Renderer) -> None:
    """In the subject already."""
    data = {"document_type": "insurance", "left_s": 30 * 86_400, "path": "/"}

    mail = renderer.mail(NotificationKind.DOCUMENT_EXPIRING, "Vic Ortega", data)

    assert mail.subject == "Your insurance expires in 30 days"
    assert "your insurance expires in 30 days." in mail.text
    assert "your insurance expires in 30 days." in mail.html


@pytest.mark.parametrize(("role", "words"), [("owner", "an owner"), ("agent", "an agent")])
def test_an_invitation_names_the_company_and_the_role(
    renderer: Renderer, role: str, words: str
) -> None:
    """The company is what its owner typed, so it is escaped."""
    data = {"company": "Vic & <b>Sons</b>", "team_role": role, "path": "/"}

    mail = renderer.mail(NotificationKind.TEAM_INVITED, "ana", data)

    assert mail.subject == "Vic & <b>Sons</b> invited you to its team"
    assert f"work for it on Parley, as {words}." in mail.text
    assert "Vic &amp; &lt;b&gt;Sons" in mail.html
