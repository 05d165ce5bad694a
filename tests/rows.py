"""Builders of the marketplace's own rows: timers, decisions, audit records, documents, teams."""

from dataclasses import replace
from typing import Any

from marketplace.domain.accounts import Role
from marketplace.domain.audit import AuditRecord
from marketplace.domain.decisions import Decision, DecisionKind
from marketplace.domain.members import Assignment, Member, MemberRole
from marketplace.domain.rfis import Change
from marketplace.domain.timers import Timer, TimerKind, timer
from marketplace.domain.vendor_documents import DocumentState, DocumentType, VendorDocument
from marketplace.ids import new_id
from tests.builders import NOW


def a_timer(**named: Any) -> Timer:
    """The expiry of an offer, due now."""
    kind = named.pop("kind", TimerKind.OFFER_EXPIRY)
    due_at = named.pop("due_at", NOW)
    return replace(timer(kind, named.pop("subject_id", new_id()), due_at), **named)


def a_decision(**named: Any) -> Decision:
    """An offer has expired."""
    decision = Decision(
        id=new_id(),
        at=NOW,
        kind=DecisionKind.EXPIRY,
        subject_id=new_id(),
        rule="expiry",
        rule_version=1,
        actor_id="marketplace",
        actor_role=Role.SYSTEM,
        inputs={"expires_at": NOW.isoformat(), "at": NOW.isoformat(), "is_answered": False},
        outcome={"is_expired": True},
        reasons={},
    )
    return replace(decision, **named)


def a_document(**named: Any) -> VendorDocument:
    """An accepted licence that does not expire."""
    document = VendorDocument(
        id=new_id(),
        vendor_id=new_id(),
        type=DocumentType.LICENCE,
        state=DocumentState.ACCEPTED,
        created_at=NOW,
        updated_at=NOW,
        number="PL-4711",
    )
    return replace(document, **named)


def an_audit_record(**named: Any) -> AuditRecord:
    """A vendor changed its company."""
    record = AuditRecord(
        id=new_id(),
        at=NOW,
        subject_id=new_id(),
        action="vendor.updated",
        actor_id=new_id(),
        actor_role=Role.VENDOR,
        changes=(Change("company", None, "Front Range Plumbing"),),
    )
    return replace(record, **named)


def a_member(**named: Any) -> Member:
    """An agent in the first place of a team."""
    account_id = named.pop("id", None) or new_id()
    member = Member(
        id=account_id,
        vendor_id=new_id(),
        role=MemberRole.AGENT,
        email=f"{account_id}@team.example",
        slot=1,
        invited_by=new_id(),
        invited_at=NOW,
    )
    return replace(member, **named)


def an_assignment(**named: Any) -> Assignment:
    """A conversation that is assigned to an agent."""
    assignment = Assignment(
        id=new_id(), vendor_id=new_id(), account_id=new_id(), assigned_by=new_id(), at=NOW
    )
    return replace(assignment, **named)
