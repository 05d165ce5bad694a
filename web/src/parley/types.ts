/**
 * The contract's shapes. The socket's are generated from its document (contract.ts); this file adds those
 * of REST. Times are RFC 3339 in UTC, money is in minor units, distances are in metres.
 */

import type * as contract from "./contract";
import type { WithEpoch } from "./epochs";

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

/** The fields that the customer fills in; the marketplace sets the others. */
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

/** A match; in a vendor's list, it has a summary of its RFI. */
export interface Match extends contract.Match {
  rfi?: RfiSummary;
}

/** The part of a vendor's own profile that the page shows. */
export interface OwnVendor {
  state: "applied" | "verifying" | "in_review" | "active" | "rejected" | "suspended";
  state_reason: string | null;
  /** The names of profile fields. */
  steps: { done: string[]; to_do: string[] };
}

export type QuoteState = contract.Quote["state"];

/** The vendor's part of a quote, with the revision of the RFI on which it is based. */
export type QuoteFigures = Pick<
  contract.Quote,
  "rfi_revision" | "amount_minor" | "currency" | "message" | "valid_until"
>;

/** Only the answer to a join says whether a participant is active. */
export type Participant = Omit<contract.SeenParticipant, "is_active">;
export type Conversation = contract.SeenConversation;
/** Whether a conversation is open for messages, and whether the account itself has blocked it. */
export type Block = contract.Block;

/** A conversation in a list. */
export interface ListedConversation extends Omit<Conversation, "participants"> {
  participants: Participant[];
  head: number;
  read_sequence: number;
  unread: number;
}

/** The reasons for reporting a message; `other` requires details. */
export const REPORT_REASONS = ["spam", "harassment", "fraud", "inappropriate", "other"] as const;
export type ReportReason = (typeof REPORT_REASONS)[number];

export type Attachment = contract.Message["attachments"][number];

export type EntryPage = Omit<contract.EntryPage, "ok" | keyof WithEpoch> & WithEpoch;
export type JoinedConversation = Omit<contract.JoinedConversation, "ok" | keyof WithEpoch> & WithEpoch;
export type JoinedRfi = Omit<contract.JoinedRfi, "ok" | keyof WithEpoch> & WithEpoch;
export type Entry = contract.EntryPage["entries"][number];

/** A read position within its conversation. */
export type ReadPosition = Omit<contract.ReadPosition, "conversation_id">;

export type CallName = keyof contract.Calls;

/** The gateway's pushes by event name. */
export type Pushes = contract.Pushes;

/** The pushes that parts of the page follow by name; gateway.ts handles the others. */
export type PushName = Exclude<
  keyof Pushes,
  "connection.closing" | "gap" | "room.left" | "session.expiring"
>;
