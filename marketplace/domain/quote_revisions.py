"""The revisions of a quote, and what differs between one and the next."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

from marketplace.domain.quote_lines import Priced, QuoteLine, number_of
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Change

# What a vendor writes, and a revision stores. The previous version writes the first five.
PLAIN_FIGURES = ("rfi_revision", "amount_minor", "currency", "message", "valid_until")
FIGURES = (*PLAIN_FIGURES, "lines", "attachment_ids")


@dataclass(frozen=True, slots=True)
class QuoteRevision(Priced):
    """The figures of a quote at one of its revisions, and when the vendor gave them."""

    quote_id: str
    revision: int
    at: datetime
    rfi_revision: int
    amount_minor: int
    currency: str
    message: str
    valid_until: datetime | None
    lines: tuple[QuoteLine, ...] = ()
    attachment_ids: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What identifies the revision among those of all quotes."""
        return f"{self.quote_id}:{self.revision}"

    def has_plain_figures_of(self, quote: Quote) -> bool:
        """Whether the quote has the same figures, as far as the previous version writes them."""
        return all(getattr(self, name) == getattr(quote, name) for name in PLAIN_FIGURES)


@dataclass(frozen=True, slots=True)
class ComparedRevision(QuoteRevision):
    """A revision beside the one before it: what changed. The first has no changes."""

    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, revision: QuoteRevision, before: QuoteRevision | None) -> Self:
        """The revision, compared with the one before it."""
        values = {field.name: getattr(revision, field.name) for field in fields(QuoteRevision)}
        return cls(**values, changes=() if before is None else differences(before, revision))


def revision_of(quote: Quote) -> QuoteRevision:
    """The current revision of a submitted quote."""
    figures = {name: getattr(quote, name) for name in FIGURES}
    return QuoteRevision(quote.id, quote.revision, quote.updated_at, **figures)


def differences(before: QuoteRevision, after: QuoteRevision) -> tuple[Change, ...]:
    """Each figure that differs between two revisions; `lines.1.quantity` is of the second line."""
    old, new = _by_path(before), _by_path(after)
    return tuple(
        Change(path, old.get(path), new.get(path))
        for path in {**new, **old}
        if old.get(path) != new.get(path)
    )


def _by_path(revision: QuoteRevision) -> dict[str, Any]:
    """A revision's figures by path, as they are written."""
    values: dict[str, Any] = {name: getattr(revision, name) for name in PLAIN_FIGURES}
    values |= {"subtotal_minor": revision.subtotal_minor, "tax_minor": revision.tax_minor}
    values["attachment_ids"] = list(revision.attachment_ids)
    for position, line in enumerate(revision.lines):
        values |= {
            f"lines.{position}.description": line.description,
            f"lines.{position}.quantity": number_of(line.quantity_thousandths),
            f"lines.{position}.unit_price_minor": line.unit_price_minor,
            f"lines.{position}.tax_rate": number_of(line.tax_rate_thousandths),
            f"lines.{position}.amount_minor": line.amount_minor,
        }
    return values
