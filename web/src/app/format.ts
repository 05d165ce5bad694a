/** Values of the contract as people read them. */

import type { Budget, Change, NoticeEntry, Place, Rfi } from "../parley/types";
import { placeName } from "./places";

const METRES_PER_MILE = 1_609.344;

/** An amount in minor units; a currency without cents has none here either. */
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

/** The time alone for today, else with the date. */
export function when(at: string, now: Date = new Date()): string {
  const date = new Date(at);
  return date.toDateString() === now.toDateString() ? TIME.format(date) : MOMENT.format(date);
}

/** What a person wrote, for a sentence without markup: it does not turn round what is beside it. */
export const isolated = (text: string): string => `\u2068${text}\u2069`;

/** `wrong_state` as `wrong state`. */
export const words = (code: string): string => code.replaceAll("_", " ").replaceAll(".", " ");

const FIELDS: Record<string, string> = {
  location: "Place",
  needed_by: "Needed by",
  max_vendors: "Vendors wanted",
  "budget.min_minor": "Budget from",
  "budget.max_minor": "Budget up to",
  "budget.currency": "Currency",
  attachment_ids: "Attachments",
};

/** The name of a changed field. */
export function fieldName(path: string): string {
  const name = FIELDS[path] ?? words(path.replace(/^attributes\./, ""));
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Changes that only repeat in ids and times what the state says already. */
const SILENT = new Set(["submitted_at", "awarded_quote_id", "awarded_vendor_id"]);

export const told = (changes: readonly Change[]): Change[] =>
  changes.filter((each) => !SILENT.has(each.path));

/** A field's value before or after a change. `rfi` tells the currency of a bare amount. */
export function fieldValue(
  path: string,
  value: unknown,
  rfi: Rfi | null,
  categoryName: (id: string) => string,
): string {
  if (value === null || value === undefined || value === "") return "—";
  if (path === "location") return placeName(value as Place);
  if (path === "category") return categoryName(String(value));
  if (path === "needed_by") return day(String(value));
  if (path === "budget") return budgetText(value as Budget);
  if (path.startsWith("budget.") && typeof value === "number") {
    return money(value, rfi?.budget?.currency ?? "USD");
  }
  if (Array.isArray(value)) return value.length === 0 ? "—" : value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a notice in a conversation says. */
export function noticeText(notice: NoticeEntry, nameOf: (account_id: string) => string): string {
  const { code, data } = notice;
  const amount_minor = data?.["amount_minor"];
  const currency = data?.["currency"];
  const figure =
    typeof amount_minor === "number" && typeof currency === "string"
      ? `: ${money(amount_minor, currency)}`
      : "";
  if (code === "participant_joined") return `${isolated(nameOf(String(data?.["account_id"])))} joined`;
  if (code === "quote_submitted") return `A quote was made${figure}`;
  if (code === "quote_updated") return `The quote was revised${figure}`;
  if (code === "rfi_awarded") return "The request was awarded";
  if (code === "rfi_withdrawn") return "The request was withdrawn";
  if (code === "conversation_closed") return "The conversation was closed for new messages";
  if (code === "conversation_reopened") return "The conversation is open for messages again";
  return words(code);
}
