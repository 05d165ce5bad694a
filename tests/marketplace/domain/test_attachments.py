"""The rules of attachments, and the quotas of uploads."""

from datetime import timedelta

import pytest

from marketplace.domain.attachments import (
    MAX_BYTES,
    MAX_PARTS,
    PART_BYTES,
    AttachmentState,
    Owner,
    OwnerKind,
    Part,
    part_size,
    parts_in_order,
    require_same_part,
    require_usable,
    sent_form,
)
from marketplace.domain.policy import Policy, Upload
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, an_attachment, an_upload

OWNER = Owner(OwnerKind.MESSAGE, "talk-1", "m-1")
POLICY = Policy(most_uploads_a_day=3, most_upload_bytes_a_day=1_000, most_stored_bytes=5_000)


@pytest.mark.parametrize(("number", "size"), [(1, 1_000), (2, 1_000), (3, 500)])
def test_every_part_but_the_last_has_the_same_size(number: int, size: int) -> None:
    """The last one has the rest."""
    assert part_size(an_upload(), number) == size


def test_a_file_of_the_largest_size_has_the_most_parts() -> None:
    """And one of a byte has one part."""
    assert an_upload(bytes=MAX_BYTES, part_bytes=PART_BYTES).part_count == MAX_PARTS
    assert an_upload(bytes=1, part_bytes=PART_BYTES).part_count == 1


@pytest.mark.parametrize("number", [0, 4, -1])
def test_there_is_no_other_part(number: int) -> None:
    """Parts have numbers from 1 without a gap."""
    with pytest.raises(ParleyError) as refused:
        part_size(an_upload(), number)
    assert refused.value.code is Code.NOT_FOUND


def test_a_complete_file_takes_no_part() -> None:
    """Neither does one that arrived in one request."""
    for attachment in (an_attachment(), an_upload(part_bytes=None)):
        with pytest.raises(ParleyError) as refused:
            part_size(attachment, 1)
        assert refused.value.code is Code.WRONG_STATE


def test_a_part_sent_again_has_the_same_bytes() -> None:
    """Other bytes under its number are refused; its blob does not matter."""
    stored = Part("blob-1", 1_000, "a" * 64)

    require_same_part(stored, Part("blob-2", 1_000, "a" * 64))
    with pytest.raises(ParleyError) as refused:
        require_same_part(stored, Part("blob-2", 1_000, "b" * 64))

    assert refused.value.code is Code.WRONG_STATE


def test_a_file_is_complete_once_every_part_has_arrived() -> None:
    """In the order of their numbers, not of their arrival; what is missing is named."""
    parts = {str(n): Part(f"blob-{n}", 1_000, f"{n}" * 64) for n in (3, 1, 2)}

    assert [part.blob_id for part in parts_in_order(an_upload(parts=parts))] == [
        "blob-1", "blob-2", "blob-3",
    ]  # fmt: skip
    del parts["2"], parts["3"]
    with pytest.raises(ParleyError, match="2, 3") as refused:
        parts_in_order(an_upload(parts=parts))
    assert refused.value.code is Code.WRONG_STATE


def test_ones_own_unused_attachments_may_be_used() -> None:
    """In the order of the ids; and again by the owner that has them already."""
    first, second = (
        an_attachment(account_id="carla"),
        an_attachment(account_id="carla", owner=OWNER),
    )
    found = {attachment.id: attachment for attachment in (first, second)}

    chosen = require_usable(found, [second.id, first.id], "carla", OWNER)

    assert chosen == [second, first]


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ({"account_id": "maya"}, "There is no attachment with this id."),
        ({"state": AttachmentState.UPLOADING}, "not been uploaded completely"),
        ({"owner": Owner(OwnerKind.MESSAGE, "talk-1", "m-2")}, "already used"),
        ({"owner": Owner(OwnerKind.RFI, "talk-1")}, "already used"),
    ],
)
def test_what_may_not_be_used(named: dict[str, object], why: str) -> None:
    """Another account's is refused like an unknown one."""
    attachment = an_attachment(**{"account_id": "carla", **named})

    with pytest.raises(ParleyError, match=why) as refused:
        require_usable({attachment.id: attachment}, [attachment.id], "carla", OWNER)

    assert refused.value.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.value.errors] == ["attachment_ids"]


def test_an_unknown_id_and_a_repeated_one_are_refused() -> None:
    """Each id stands for one attachment."""
    attachment = an_attachment(account_id="carla")

    for ids in (["unknown"], [attachment.id, attachment.id]):
        with pytest.raises(ParleyError):
            require_usable({attachment.id: attachment}, ids, "carla", OWNER)


def test_a_message_contains_no_url() -> None:
    """URLs expire; what is unknown is left out."""
    photo = an_attachment(id="a1")
    voice = an_attachment(
        id="a2", media_type="audio/mp4", width=None, height=None, duration_ms=900, thumbnail_id=None
    )

    assert sent_form(photo) == {
        "id": "a1",
        "name": "sink.jpg",
        "media_type": "image/jpeg",
        "bytes": 120_000,
        "has_thumbnail": True,
        "width": 1_600,
        "height": 1_200,
    }
    assert sent_form(voice).keys() == {
        "id", "name", "media_type", "bytes", "has_thumbnail", "duration_ms",
    }  # fmt: skip


def uploads(*ages_h: float, size: int = 100) -> list[Upload]:
    """Uploads of these ages, oldest first."""
    return [Upload(NOW - timedelta(hours=age), size) for age in ages_h]


def test_uploads_within_the_quotas_are_allowed() -> None:
    """The last file and the last byte, too."""
    POLICY.require_upload([], 0, 1_000, NOW)
    POLICY.require_upload(uploads(2, 1), 0, 800, NOW)
    POLICY.require_upload([], 4_000, 1_000, NOW)


@pytest.mark.parametrize(
    ("recent", "size", "hours"),
    [
        (uploads(23, 2, 1), 1, 1),
        (uploads(23, 2), 801, 1),
        (uploads(23, 2), 901, 22),
    ],
)
def test_the_quota_of_a_day_says_when_to_come_back(
    recent: list[Upload], size: int, hours: float
) -> None:
    """When enough of the earlier uploads are more than a day old."""
    with pytest.raises(ParleyError) as refused:
        POLICY.require_upload(recent, 0, size, NOW)

    assert refused.value.code is Code.RATE_LIMITED
    assert refused.value.retry_after_ms == hours * 3_600_000


def test_what_an_account_stores_has_a_bound() -> None:
    """However long ago it was uploaded; waiting does not help."""
    with pytest.raises(ParleyError) as refused:
        POLICY.require_upload([], 4_001, 1_000, NOW)

    assert refused.value.code is Code.AT_CAPACITY
