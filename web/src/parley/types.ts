/**
 * Shapes of the contract as they travel. What the socket knows comes from its document (contract.ts);
 * here is what REST adds. Times are RFC 3339 in UTC, money is in minor units, distances in metres.
 */

import type * as contract from "./contract";
import type { Numbered } from "./epochs";

export type {
  Budget,
  Calls,
  Change,
  DeletionEntry,
  EditEntry,
  Message,
  MessageEntry,
  NoticeEntry,
  Quote,
  Revision,
  Rfi,
} from "./contract";

export type Role = "customer" | "vendor" | "admin";

export interface Account {
  id: string;
  role: Role;
  email: string;
  name: string;
}

export interface Tokens {
  account: Account;
  access_token: string;
  refresh_token: string;
  expires_in_s: number;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Category {
  id: string;
  name: string;
}

export type Place = contract.Rfi["location"];
export type RfiState = contract.Rfi["state"];

/** What a customer writes; the rest of an RFI is the marketplace's. */
export type RfiContent = Pick<
  contract.Rfi,
  | "category"
  | "title"
  | "description"
  | "location"
  | "area"
  | "address"
  | "needed_by"
  | "budget"
  | "budget_visibility"
  | "max_vendors"
>;

export type RfiSummary = Pick<contract.Rfi, "id" | "title" | "category" | "state" | "revision">;

export type MatchState = contract.Match["state"];

/** A match as a vendor lists it has a summary of its RFI. */
export interface Match extends contract.Match {
  rfi?: RfiSummary;
}

/** A vendor's own profile, as far as this page shows it. */
export interface OwnVendor {
  state: "applied" | "verifying" | "in_review" | "active" | "rejected" | "suspended";
  state_reason: string | null;
  /** By the names of the profile's fields. */
  steps: { done: string[]; to_do: string[] };
}

export type QuoteState = contract.Quote["state"];

/** What a vendor writes, pinned to the revision of the RFI it looked at. */
export type QuoteFigures = Pick<
  contract.Quote,
  "rfi_revision" | "amount_minor" | "currency" | "message" | "valid_until"
>;

/** Who is active just now is known where one has joined. */
export type Participant = Omit<contract.SeenParticipant, "is_active">;
export type Conversation = contract.SeenConversation;
/** Whether a conversation takes messages, and whether that is because of oneself. */
export type Block = contract.Block;

/** A conversation in a list: `unread` is head − read position. */
export interface ListedConversation extends Omit<Conversation, "participants"> {
  participants: Participant[];
  head: number;
  read_sequence: number;
  unread: number;
}

/** What may be wrong with a message; `other` wants details. */
export const REPORT_REASONS = ["spam", "harassment", "fraud", "inappropriate", "other"] as const;
export type ReportReason = (typeof REPORT_REASONS)[number];

export type Attachment = contract.Message["attachments"][number];

export type EntryPage = Omit<contract.EntryPage, "ok" | keyof Numbered> & Numbered;
export type JoinedConversation = Omit<contract.JoinedConversation, "ok" | keyof Numbered> & Numbered;
export type JoinedRfi = Omit<contract.JoinedRfi, "ok" | keyof Numbered> & Numbered;
export type Entry = contract.EntryPage["entries"][number];

/** Within its conversation. */
export type ReadPosition = Omit<contract.ReadPosition, "conversation_id">;

export type CallName = keyof contract.Calls;

/** What the gateway pushes, by the event's name. */
export type Pushes = contract.Pushes;

/** The pushes that a part of the page follows by name; the gateway sees to the others. */
export type PushName = Exclude<
  keyof Pushes,
  "connection.closing" | "gap" | "room.left" | "session.expiring"
>;
