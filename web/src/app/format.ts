/** Formats the contract's values for display. */

import type { Budget, Change, Match, NoticeEntry, Place, Rfi } from "../parley/types";
import { placeName } from "./places";

const METRES_PER_MILE = 1_609.344;

/** Formats an amount in minor units, with the currency's own number of decimals. */
export function money(amount_minor: number, currency: string): string {
  const format = new Intl.NumberFormat("en-US", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount_minor / 10 ** digits);
}

export function budgetText({ min_minor, max_minor, currency }: Budget): string {
  const most = money(max_minor, currency);
  if (min_minor === max_minor) return most;
  return min_minor === 0 ? `up to ${most}` : `${money(min_minor, currency)} – ${most}`;
}

export const miles = (distance_m: number): string =>
  `${(distance_m / METRES_PER_MILE).toFixed(distance_m < 16_000 ? 1 : 0)} mi`;

const DAY = new Intl.DateTimeFormat("en-US", { dateStyle: "medium" });
const TIME = new Intl.DateTimeFormat("en-US", { timeStyle: "short" });
const MOMENT = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "short" });

export const day = (at: string): string => DAY.format(new Date(at));
export const moment = (at: string): string => MOMENT.format(new Date(at));

/** The time for today, otherwise the date and the time. */
export function when(at: string, now: Date = new Date()): string {
  const date = new Date(at);
  return date.toDateString() === now.toDateString() ? TIME.format(date) : MOMENT.format(date);
}

/**
 * Isolates user text within a plain string, so that right-to-left text does not reorder the text
 * around it.
 */
export const isolated = (text: string): string => `\u2068${text}\u2069`;

/** `wrong_state` as `wrong state`. */
export const readable = (code: string): string => code.replaceAll("_", " ").replaceAll(".", " ");

const FIELDS: Record<string, string> = {
  location: "Location",
  needed_by: "Needed by",
  expires_at: "Expires",
  max_vendors: "Maximum number of vendors",
  "budget.min_minor": "Minimum budget",
  "budget.max_minor": "Maximum budget",
  "budget.currency": "Currency",
  attachment_ids: "Attachments",
};

/** A changed field's display name. */
export function fieldName(path: string): string {
  const name = FIELDS[path] ?? readable(path.replace(/^attributes\./, ""));
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Fields whose changes are not shown: the state already says the same. */
const REDUNDANT_FIELDS = new Set([
  "submitted_at",
  "awarded_quote_id",
  "awarded_quote_revision",
  "awarded_vendor_id",
  "is_award_outdated",
  "award_cancellable_until",
]);

/** The changes to show; an expiry that follows from another change is not. */
export const visibleChanges = (changes: readonly Change[]): Change[] =>
  changes.filter(
    ({ path }) => !REDUNDANT_FIELDS.has(path) && (path !== "expires_at" || changes.length === 1),
  );

/** A field's value before or after a change. `rfi` supplies the currency of a bare amount. */
export function fieldValue(
  path: string,
  value: unknown,
  rfi: Rfi | null,
  categoryName: (id: string) => string,
): string {
  if (value === null || value === undefined || value === "") return "—";
  if (path === "location") return placeName(value as Place);
  if (path === "category") return categoryName(String(value));
  if (path === "needed_by" || path === "expires_at") return day(String(value));
  if (path === "budget") return budgetText(value as Budget);
  if (path.startsWith("budget.") && typeof value === "number") {
    return money(value, rfi?.budget?.currency ?? "USD");
  }
  if (Array.isArray(value)) return value.length === 0 ? "—" : value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The text of a notice in a conversation. */
export function noticeText(notice: NoticeEntry, nameOf: (account_id: string) => string): string {
  const { code, data } = notice;
  const amount_minor = data?.["amount_minor"];
  const currency = data?.["currency"];
  const figure =
    typeof amount_minor === "number" && typeof currency === "string"
      ? `: ${money(amount_minor, currency)}`
      : "";
  const said = data?.["reason"];
  const reason = typeof said === "string" ? `: ${isolated(said)}` : "";
  if (code === "participant_joined") return `${isolated(nameOf(String(data?.["account_id"])))} joined`;
  if (code === "quote_submitted") return `Quote submitted${figure}`;
  if (code === "quote_updated") return `Quote revised${figure}`;
  if (code === "quote_outdated") return "The request has changed since the quote: to be confirmed";
  if (code === "quote_confirmed") return "The quote was confirmed for the changed request";
  if (code === "quote_withdrawn") return `The quote was withdrawn${reason}`;
  if (code === "quote_declined") return `The quote was declined${reason}`;
  if (code === "quote_expired") return "The quote has expired";
  if (code === "rfi_awarded") return "The request was awarded";
  if (code === "award_cancelled") return `The award was cancelled${reason}`;
  if (code === "rfi_withdrawn") {
    const hasExpired = data?.["ended_reason"] === "expired";
    return hasExpired ? "The request expired" : "The request was withdrawn";
  }
  if (code === "match_closed") return "The vendor is no longer on this request";
  if (code === "conversation_closed") return "New messages were turned off";
  if (code === "conversation_reopened") return "New messages were turned back on";
  return readable(code);
}

const REASONS_FOR_VENDOR: Record<string, string> = {
  rfi_awarded: "The customer has chosen another vendor.",
  rfi_withdrawn: "The customer has withdrawn this request.",
  no_longer_suitable: "The request has changed and no longer fits what you do or where you work.",
  expired: "This offer has expired.",
  no_answer: "You accepted and did not write or quote in time, so another vendor was asked.",
  vendor_left: "You were taken off this request while you were suspended.",
  no_free_place: "This request was opened again while you had no free place.",
};

const REASONS_FOR_CUSTOMER: Record<string, string> = {
  rfi_awarded: "You have chosen another vendor.",
  rfi_withdrawn: "You have withdrawn this request.",
  no_longer_suitable: "The request has changed and no longer fits what the vendor does or where it works.",
  expired: "The vendor did not answer in time.",
  no_answer: "The vendor accepted and did not write or quote in time.",
  vendor_left: "The vendor is no longer available.",
  no_free_place: "The vendor had no free place when the request was opened again.",
};

/**
 * Why a match has ended, for its vendor or for the customer; empty if it has not, or nobody said why.
 * The reason for a decline is in the vendor's own words.
 */
export function endOfMatch(
  { state, closed_reason }: Pick<Match, "state" | "closed_reason">,
  reader: "vendor" | "customer",
): string {
  if (!closed_reason) return "";
  if (state === "declined") return isolated(closed_reason);
  const reasons = reader === "vendor" ? REASONS_FOR_VENDOR : REASONS_FOR_CUSTOMER;
  return reasons[closed_reason] ?? `This match is closed: ${readable(closed_reason)}.`;
}
