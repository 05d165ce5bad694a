"""Quotas and lifetimes, as the marketplace's operator sets them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from marketplace.domain.vendor_documents import DocumentType
from marketplace.domain.vendor_reviews import Step
from marketplace.errors import Code, ParleyError

DAY = timedelta(days=1)
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """When an account began to upload a file, and how large the file may be."""

    at: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How long everything that waits for somebody may wait, and what one account may ask for.

    An offer waits for the vendor to accept, an accepted match for the vendor's first message or
    quote, a draft for its customer's next change, and an open RFI without `needed_by` for an award.
    An award can be cancelled for a while.

    Identities are not verified yet, so an account's demand on vendors is bounded: open RFIs, the
    vendors that these ask for in total, and submissions within 24 hours. So are its files: how many
    it uploads within 24 hours, their bytes, and the bytes of all that are stored. Codes are counted
    within an hour, tries of a second factor within 15 minutes. `requires_verified_email` is about
    submissions.

    A vendor has to complete `required_steps` besides those that are always required, and needs
    `required_documents` for its categories. It is approved without an admin if it has also completed
    `automatic_approval`; None means never. An admin's claim of a review ends after
    `claim_lifetime`.
    """

    offer_lifetime: timedelta = timedelta(days=3)
    answer_lifetime: timedelta = timedelta(days=3)
    draft_lifetime: timedelta = timedelta(days=30)
    open_lifetime: timedelta = timedelta(days=90)
    award_cancellable: timedelta = DAY
    most_open_rfis: int = 10
    most_vendor_places: int = 100
    most_submissions_a_day: int = 20
    most_uploads_a_day: int = 200
    most_upload_bytes_a_day: int = 500 * _MIB
    most_stored_bytes: int = 5_000 * _MIB
    most_codes_per_address: int = 5
    most_codes_per_account: int = 10
    most_second_factor_tries: int = 10
    requires_verified_email: bool = False
    required_steps: frozenset[Step] = frozenset()
    required_documents: Mapping[str, Collection[DocumentType]] = field(default_factory=dict)
    automatic_approval: frozenset[Step] | None = None
    claim_lifetime: timedelta = timedelta(minutes=30)

    def scaled(self, scale: float) -> "Policy":
        """The policy with its quotas multiplied, at least 1 each."""
        return replace(
            self,
            most_open_rfis=max(1, round(self.most_open_rfis * scale)),
            most_vendor_places=max(1, round(self.most_vendor_places * scale)),
            most_submissions_a_day=max(1, round(self.most_submissions_a_day * scale)),
            most_uploads_a_day=max(1, round(self.most_uploads_a_day * scale)),
            most_upload_bytes_a_day=max(1, round(self.most_upload_bytes_a_day * scale)),
            most_stored_bytes=max(1, round(self.most_stored_bytes * scale)),
            most_codes_per_address=max(1, round(self.most_codes_per_address * scale)),
            most_codes_per_account=max(1, round(self.most_codes_per_account * scale)),
            most_second_factor_tries=max(1, round(self.most_second_factor_tries * scale)),
        )

    def require_submission(self, submissions: Sequence[datetime], now: datetime) -> None:
        """Refuse a submission beyond the quota of the last 24 hours.

        Raises:
            ParleyError: `rate_limited`, with the time until the next one is possible.
        """
        if len(submissions) >= self.most_submissions_a_day:
            free_at = submissions[-self.most_submissions_a_day] + DAY
            wait_ms = max(1_000, int((free_at - now) / timedelta(milliseconds=1)))
            raise ParleyError(
                Code.RATE_LIMITED,
                f"An account may submit at most {self.most_submissions_a_day} RFIs in 24 hours.",
                retry_after_ms=wait_ms,
            )

    def require_capacity(self, open_rfis: int, vendor_places: int) -> None:
        """Refuse more open RFIs, or more vendors on them in total, than an account may have.

        Raises:
            ParleyError: `at_capacity`.
        """
        if open_rfis > self.most_open_rfis:
            raise ParleyError(
                Code.AT_CAPACITY,
                f"An account may have at most {self.most_open_rfis} open RFIs. Withdraw or award one.",
            )
        if vendor_places > self.most_vendor_places:
            raise ParleyError(
                Code.AT_CAPACITY,
                f"The open RFIs of an account may ask for at most {self.most_vendor_places} vendors "
                "in total. Ask for fewer, or withdraw or award an RFI.",
            )

    def require_upload(
        self, uploads: Sequence[Upload], stored_bytes: int, new_bytes: int, now: datetime
    ) -> None:
        """Refuse an upload beyond the quotas; `uploads` are those of the last 24 hours.

        Raises:
            ParleyError: `rate_limited`, with the time until it is possible; `at_capacity`.
        """
        if stored_bytes + new_bytes > self.most_stored_bytes:
            raise ParleyError(
                Code.AT_CAPACITY,
                f"The files of an account may have at most {self.most_stored_bytes // _MIB} MiB in "
                "total.",
            )
        free_at = self._upload_possible_at(uploads, new_bytes, now)
        if free_at > now:
            raise ParleyError(
                Code.RATE_LIMITED,
                f"An account may upload at most {self.most_uploads_a_day} files and "
                f"{self.most_upload_bytes_a_day // _MIB} MiB in 24 hours.",
                retry_after_ms=max(1_000, int((free_at - now) / timedelta(milliseconds=1))),
            )

    def _upload_possible_at(
        self, uploads: Sequence[Upload], new_bytes: int, now: datetime
    ) -> datetime:
        """When enough of the account's uploads, oldest first, are more than a day old."""
        count, size = len(uploads) + 1, sum(upload.bytes for upload in uploads) + new_bytes
        free_at = now
        for upload in uploads:
            if count <= self.most_uploads_a_day and size <= self.most_upload_bytes_a_day:
                return free_at
            count, size, free_at = count - 1, size - upload.bytes, upload.at + DAY
        return free_at
