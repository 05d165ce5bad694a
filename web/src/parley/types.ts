/**
 * Shapes of the contract as they travel: REST bodies, socket acknowledgements and pushes.
 * Times are RFC 3339 in UTC, money is in minor units, distances in metres.
 */

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

export interface Place {
  type: "Point";
  coordinates: [longitude: number, latitude: number];
}

export interface Budget {
  min_minor: number;
  max_minor: number;
  currency: string;
}

export type RfiState = "draft" | "open" | "awarded" | "withdrawn";

/** What a customer writes; the rest of an RFI is the marketplace's. */
export interface RfiContent {
  category: string;
  title: string;
  description: string;
  location: Place;
  address?: string | null;
  needed_by?: string | null;
  budget?: Budget | null;
  max_vendors: number;
}

export interface Rfi extends RfiContent {
  id: string;
  customer_id: string;
  state: RfiState;
  revision: number;
  attributes?: Record<string, string | number | boolean>;
  attachment_ids?: string[];
  created_at: string;
  updated_at: string;
  submitted_at?: string | null;
  awarded_quote_id?: string | null;
  awarded_vendor_id?: string | null;
}

/** One field before and after; `path` has a dot where it leads into an object (`budget.max_minor`). */
export interface Change {
  path: string;
  old: unknown;
  new: unknown;
}

/** One step of an RFI: the push `rfi.changed`, and an item of its change history. */
export interface Revision {
  rfi_id: string;
  revision: number;
  at: string;
  actor: { account_id: string; role: string };
  cause: string;
  changes: Change[];
}

export interface JoinedRfi {
  rfi: Rfi;
  revision: number;
  changes: Revision[];
}

export type RfiSummary = Pick<Rfi, "id" | "title" | "category" | "state" | "revision">;

export type MatchState = "offered" | "accepted" | "declined" | "closed";

export interface Match {
  id: string;
  rfi_id: string;
  /** The revision the offer was made on. */
  rfi_revision?: number;
  vendor_id: string;
  vendor_name?: string;
  state: MatchState;
  distance_m: number;
  score: number;
  reasons: string[];
  rfi?: RfiSummary;
  conversation_id?: string | null;
  closed_reason?: string | null;
  offered_at: string;
}

export type QuoteState = "submitted" | "awarded" | "closed";

/** What a vendor writes, pinned to the revision of the RFI it looked at. */
export interface QuoteFigures {
  rfi_revision: number;
  amount_minor: number;
  currency: string;
  message: string;
  valid_until?: string | null;
}

export interface Quote extends QuoteFigures {
  id: string;
  rfi_id: string;
  vendor_id: string;
  vendor_name?: string;
  match_id: string;
  conversation_id: string;
  state: QuoteState;
  submitted_at: string;
  updated_at: string;
}

export interface Participant {
  account_id: string;
  role: string;
  name: string;
}

export interface Conversation {
  id: string;
  rfi_id: string;
  match_id: string;
  state?: string;
  participants: Participant[];
}

/** A conversation in a list: `unread` is head − read position. */
export interface ListedConversation extends Conversation {
  head: number;
  read_sequence: number;
  unread: number;
}

export interface Attachment {
  id?: string;
  name?: string;
  filename?: string;
  content_type?: string;
}

/** A message as `send_message` acknowledges it and `message.sent` pushes it. */
export interface Message {
  id: string;
  conversation_id: string;
  sequence: number;
  client_message_id: string;
  sender_id: string;
  channel: string;
  body: string;
  attachments: Attachment[];
  sent_at: string;
}

interface Numbered {
  sequence: number;
  at: string;
}

export type MessageEntry = Numbered & { kind: "message" } & Message;
export type EditEntry = Numbered & { kind: "edit"; message_id: string; body: string };
export type DeletionEntry = Numbered & { kind: "deletion"; message_id: string };
export type NoticeEntry = Numbered & {
  kind: "notice";
  code: string;
  data: Record<string, unknown> | null;
};
export type Entry = MessageEntry | EditEntry | DeletionEntry | NoticeEntry;

export interface ReadPosition {
  account_id: string;
  delivered_sequence: number;
  read_sequence: number;
}

export interface EntryPage {
  entries: Entry[];
  head: number;
  has_more: boolean;
}

export interface JoinedConversation extends EntryPage {
  conversation: Conversation;
  participants: Participant[];
  read_positions: ReadPosition[];
}

/** What the gateway pushes, by the event's name. */
export interface Pushes {
  "message.sent": Message;
  "message.edited": Numbered & { conversation_id: string; message_id: string; body: string };
  "message.deleted": Numbered & { conversation_id: string; message_id: string };
  "notice.added": NoticeEntry & { conversation_id: string };
  "receipt.updated": ReadPosition & { conversation_id: string };
  "typing.updated": { conversation_id: string; account_id: string; is_typing: boolean };
  "presence.updated": { account_id: string; is_active: boolean };
  "rfi.changed": Revision;
  "match.offered": Match;
  "match.updated": Match;
  "quote.submitted": Quote;
  "quote.updated": Quote;
  "rfi.awarded": { rfi_id?: string };
  "notification.created": Record<string, unknown>;
  gap: { room: string; head: number };
  "session.expiring": Record<string, unknown>;
}

/** The pushes that a part of the page follows by name; the gateway sees to the others. */
export type PushName = Exclude<keyof Pushes, "gap" | "session.expiring">;
