/**
 * The socket's contract: each call's request and answer, and each push's payload.
 *
 * Generated from the AsyncAPI document by `make contract`. Do not edit.
 */

export interface Contract {
  calls: Calls;
  pushes: Pushes;
  auth: HandshakeAuth;
  connect_error: ConnectRefusal;
  refusal: CallRefusal;
}
export interface Calls {
  /**
   * Join a conversation: returns a snapshot, then pushes start at head + 1. With `after_sequence`, the snapshot has the entries after it, at most 200. Without it, or if it is above the head or of a different `epoch` than the acknowledgement's, the snapshot has the last 200 entries (`is_snapshot`).
   */
  join_conversation: {
    request: JoinConversation;
    answer: JoinedConversation;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "not_found"
      | "rate_limited"
      | "too_many_rooms"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Leave a conversation: its pushes stop.
   */
  leave_conversation: {
    request: ConversationCall;
    answer: Done;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Read entries after `after_sequence` or before `before_sequence`; send exactly one. If the number is above the head or of a different `epoch`, returns the newest entries (`is_snapshot`).
   */
  fetch_entries: {
    request: FetchEntries;
    answer: EntryPage;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "not_found"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Send a message; acknowledged once it is on disk. A resend with the same `client_message_id`, at any later time, returns the first message.
   */
  send_message: {
    request: SocketSendMessage;
    answer: SentMessage;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "forbidden"
      | "not_found"
      | "blocked"
      | "client_message_id_reused"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Replace the body of a message the caller sent. An edit that changes nothing creates no entry and returns the entry with the current body. A deleted message cannot be edited.
   */
  edit_message: {
    request: EditMessage;
    answer: ChangedMessage;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "forbidden"
      | "not_found"
      | "wrong_state"
      | "blocked"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Delete a message the caller sent; a block does not prevent this. Deleting it again returns the first deletion.
   */
  delete_message: {
    request: DeleteMessage;
    answer: ChangedMessage;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "forbidden"
      | "not_found"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Record that this app has received every entry up to a sequence.
   */
  mark_delivered: {
    request: MarkPosition;
    answer: Done;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "not_found"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Record that the participant has read every entry up to a sequence.
   */
  mark_read: {
    request: MarkPosition;
    answer: Done;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "not_found"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Report that the caller is typing or has stopped; repeat every few seconds while typing.
   */
  set_typing: {
    request: SetTyping;
    answer: Done;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "forbidden"
      | "not_found"
      | "blocked"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Join an RFI's room: returns the RFI, then pushes start at revision + 1. With `after_revision`, also returns the changes after it, unless there are more than 500 of them, or the number is above the RFI's revision or of a different `epoch` (`is_snapshot`).
   */
  join_rfi: {
    request: JoinRfi;
    answer: JoinedRfi;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "forbidden"
      | "not_found"
      | "rate_limited"
      | "too_many_rooms"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Leave an RFI's room: its pushes stop.
   */
  leave_rfi: {
    request: RfiCall;
    answer: Done;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
  /**
   * Follow the account's feed by number: returns items, then numbered pushes start at position + 1. With `after_position`, the items are those after it, at most 200. Without it, or if it is above the feed's position, older than what is kept or of a different `epoch`, they are the newest ones (`is_snapshot`). An app that does not call this gets the same pushes, but a lost one is not repaired.
   */
  join_account: {
    request: JoinAccount;
    answer: JoinedAccount;
    code:
      | "validation_failed"
      | "unauthenticated"
      | "rate_limited"
      | "draining"
      | "unavailable"
      | "internal";
  };
}
/**
 * The payload of `join_conversation`. The snapshot starts after `after_sequence`, which is a sequence of `epoch`.
 */
export interface JoinConversation {
  conversation_id: string;
  after_sequence?: number | null;
  epoch?: string | null;
}
/**
 * The snapshot up to `head`; pushes start at head + 1.
 */
export interface JoinedConversation {
  ok: true;
  entries: (MessageEntry | EditEntry | DeletionEntry | NoticeEntry)[];
  head: number;
  has_more: boolean;
  epoch: string;
  is_snapshot: boolean;
  conversation: SeenConversation;
  participants: SeenParticipant[];
  read_positions: ReadPosition[];
}
/**
 * A message; `at` is when it was sent.
 */
export interface MessageEntry {
  id: string;
  conversation_id: string;
  sequence: number;
  client_message_id: string;
  sender_id: string;
  channel: "app" | "sms" | "mms" | "email";
  body: string;
  attachments: SentAttachment[];
  sent_at: string;
  kind: "message";
  at: string;
}
/**
 * An attachment in a message; `GET /v1/attachments/{id}` has its URL.
 */
export interface SentAttachment {
  id: string;
  name: string;
  media_type: string;
  bytes: number;
  has_thumbnail: boolean;
  width?: number;
  height?: number;
  duration_ms?: number;
}
/**
 * The body of an earlier message was replaced.
 */
export interface EditEntry {
  kind: "edit";
  sequence: number;
  at: string;
  message_id: string;
  sender_id: string;
  body: string;
}
/**
 * An earlier message was deleted.
 */
export interface DeletionEntry {
  kind: "deletion";
  sequence: number;
  at: string;
  message_id: string;
  sender_id: string;
}
/**
 * A notice about an event outside the messages; `code` names it, `data` has its details.
 */
export interface NoticeEntry {
  kind: "notice";
  sequence: number;
  at: string;
  code: string;
  data: {
    [k: string]: unknown;
  } | null;
}
/**
 * A conversation as a joining participant sees it.
 */
export interface SeenConversation {
  id: string;
  rfi_id: string;
  match_id: string;
  participants: SeenParticipant[];
  created_at: string;
  is_open: boolean;
  blocked_by_me: boolean;
}
/**
 * One side of a conversation, and whether it is active now.
 */
export interface SeenParticipant {
  account_id: string;
  role: "customer" | "vendor";
  name: string;
  is_active: boolean;
}
/**
 * A participant's delivered and read positions.
 */
export interface ReadPosition {
  conversation_id: string;
  account_id: string;
  delivered_sequence: number;
  read_sequence: number;
}
/**
 * A call with a conversation's id only.
 */
export interface ConversationCall {
  conversation_id: string;
}
/**
 * The call succeeded and returns no data.
 */
export interface Done {
  ok: true;
}
/**
 * The payload of `fetch_entries`. It asks for the first entries after `after_sequence` or the last ones before `before_sequence`.
 */
export interface FetchEntries {
  conversation_id: string;
  after_sequence?: number;
  before_sequence?: number;
  limit?: number;
  epoch?: string | null;
}
/**
 * Entries, oldest first; `head` is the conversation's highest sequence. `has_more` says whether there are more entries in the requested direction. If `is_snapshot` is true, these are the newest entries, which do not continue from the requested number; `has_more` then refers to older entries.
 */
export interface EntryPage {
  ok: true;
  entries: (MessageEntry | EditEntry | DeletionEntry | NoticeEntry)[];
  head: number;
  has_more: boolean;
  epoch: string;
  is_snapshot: boolean;
}
/**
 * The payload of `send_message`.
 */
export interface SocketSendMessage {
  client_message_id: string;
  body: string;
  /**
   * @maxItems 10
   */
  attachment_ids?: string[];
  conversation_id: string;
}
/**
 * The message as stored; a resend returns the first message.
 */
export interface SentMessage {
  ok: true;
  message: Message;
}
/**
 * A message as it was sent.
 */
export interface Message {
  id: string;
  conversation_id: string;
  sequence: number;
  client_message_id: string;
  sender_id: string;
  channel: "app" | "sms" | "mms" | "email";
  body: string;
  attachments: SentAttachment[];
  sent_at: string;
}
/**
 * The payload of `edit_message`.
 */
export interface EditMessage {
  conversation_id: string;
  message_id: string;
  body: string;
}
/**
 * The entry of the edit or deletion: a new one, or the existing one with the same effect.
 */
export interface ChangedMessage {
  ok: true;
  entry: MessageEntry | EditEntry | DeletionEntry | NoticeEntry;
}
/**
 * The payload of `delete_message`.
 */
export interface DeleteMessage {
  conversation_id: string;
  message_id: string;
}
/**
 * The payload of `mark_delivered` and `mark_read`: every entry up to this sequence.
 */
export interface MarkPosition {
  conversation_id: string;
  sequence: number;
}
/**
 * The payload of `set_typing`.
 */
export interface SetTyping {
  conversation_id: string;
  is_typing: boolean;
}
/**
 * The payload of `join_rfi`. The changes start after `after_revision`, which is a revision of `epoch`.
 */
export interface JoinRfi {
  rfi_id: string;
  after_revision?: number | null;
  epoch?: string | null;
}
/**
 * The RFI at `revision` with the changes after `after_revision`; pushes start at revision + 1. If `is_snapshot` is true, the changes are left out: replace the local copy with this RFI.
 */
export interface JoinedRfi {
  ok: true;
  rfi: Rfi;
  revision: number;
  changes: Revision[];
  epoch: string;
  is_snapshot: boolean;
}
/**
 * An RFI at `revision`. If `visibility` is `limited`, the values that a vendor sees only after accepting are withheld: `address` is null, `location` is rounded to about 1 km, and `budget` is null unless the customer shows it. `expires_at` is null once the RFI has ended. `ended_reason` says why a `withdrawn` RFI ended: `expired`, or the reason for which the customer closed it; null if it was withdrawn. `is_award_outdated` says that the RFI had changed since the awarded quote in a way that can change a price, and that the vendor had not confirmed it.
 */
export interface Rfi {
  id: string;
  customer_id: string;
  state: "draft" | "open" | "awarded" | "withdrawn";
  revision: number;
  category: string;
  title: string;
  description: string;
  /**
   * A GeoJSON point (RFC 7946): longitude, then latitude.
   */
  location: {
    type: "Point";
    /**
     * @minItems 2
     * @maxItems 2
     */
    coordinates: [number, number];
  };
  area?: string | null;
  address?: string | null;
  needed_by?: string | null;
  budget?: Budget | null;
  budget_visibility?: "shown" | "hidden";
  max_vendors: number;
  attributes: {
    [k: string]: unknown;
  };
  attachment_ids: string[];
  created_at: string;
  updated_at: string;
  submitted_at?: string | null;
  awarded_quote_id?: string | null;
  awarded_vendor_id?: string | null;
  awarded_quote_revision?: number | null;
  is_award_outdated?: boolean;
  award_cancellable_until?: string | null;
  expires_at?: string | null;
  ended_reason?: string | null;
  visibility?: "full" | "limited";
}
/**
 * A minimum and a maximum in minor units of one currency.
 */
export interface Budget {
  min_minor: number;
  max_minor: number;
  currency: string;
}
/**
 * One revision of an RFI: what changed, who changed it and why.
 */
export interface Revision {
  rfi_id: string;
  revision: number;
  at: string;
  actor: Actor;
  cause: string;
  changes: Change[];
  budget_visibility?: "shown" | "hidden";
}
/**
 * Who made the change.
 */
export interface Actor {
  account_id: string;
  role: string;
}
/**
 * One field's old and new value; `path` has a dot where it enters a nested object.
 */
export interface Change {
  path: string;
  old: string | number | boolean | {} | unknown[] | null;
  new: string | number | boolean | {} | unknown[] | null;
}
/**
 * A call with an RFI's id only.
 */
export interface RfiCall {
  rfi_id: string;
}
/**
 * The payload of `join_account`. The items start after `after_position`, which is a position of `epoch`.
 */
export interface JoinAccount {
  after_position?: number | null;
  epoch?: string | null;
}
/**
 * Items of the account's feed, oldest first, up to `position`; pushes start at position + 1. `has_more` says whether there are more items in the requested direction. If `is_snapshot` is true, these are the newest items, which do not continue from the requested number; `has_more` then refers to older items.
 */
export interface JoinedAccount {
  ok: true;
  position: number;
  epoch: string;
  items: FeedItem[];
  has_more: boolean;
  is_snapshot: boolean;
}
/**
 * Something that the account was told: the push `name` with its `data`, as it was then.
 */
export interface FeedItem {
  position: number;
  name: string;
  data: {
    [k: string]: unknown;
  };
  at: string;
}
export interface Pushes {
  "message.sent": Message;
  "message.edited": MessageEdited;
  "message.deleted": MessageDeleted;
  "notice.added": NoticeAdded;
  "receipt.updated": ReadPosition;
  "typing.updated": Typing;
  "presence.updated": Presence;
  "conversation.updated": Block;
  "inbox.updated": InboxUpdated;
  "inbox.read": InboxRead;
  "rfi.changed": Revision;
  "match.offered": Match;
  "match.updated": Match;
  "quote.submitted": Quote;
  "quote.updated": Quote;
  "rfi.awarded": RfiAwarded;
  "vendor.decided": VendorDecided;
  "team.updated": Team;
  "conversation.assigned": Assignment;
  "notification.created": Notification;
  gap: Gap;
  "connection.closing": ConnectionClosing;
  "room.left": RoomLeft;
  "session.expiring": SessionExpiring;
}
/**
 * The push of an edit.
 */
export interface MessageEdited {
  kind: "edit";
  sequence: number;
  at: string;
  message_id: string;
  sender_id: string;
  body: string;
  conversation_id: string;
}
/**
 * The push of a deletion.
 */
export interface MessageDeleted {
  kind: "deletion";
  sequence: number;
  at: string;
  message_id: string;
  sender_id: string;
  conversation_id: string;
}
/**
 * The push of a notice.
 */
export interface NoticeAdded {
  kind: "notice";
  sequence: number;
  at: string;
  code: string;
  data: {
    [k: string]: unknown;
  } | null;
  conversation_id: string;
}
/**
 * A participant started or stopped typing; typing expires six seconds after the last call.
 */
export interface Typing {
  conversation_id: string;
  account_id: string;
  is_typing: boolean;
}
/**
 * Whether a participant is active: connected, and did something within the last minute.
 */
export interface Presence {
  conversation_id: string;
  account_id: string;
  is_active: boolean;
}
/**
 * Whether a conversation is open, and whether the recipient of this push blocks it.
 */
export interface Block {
  conversation_id: string;
  is_open: boolean;
  blocked_by_me: boolean;
  position?: number;
}
/**
 * A conversation's place in the list: it moves to the top if its last entry is new.
 */
export interface InboxUpdated {
  conversation_id: string;
  last_entry: LastEntry | null;
  unread: number;
  is_muted: boolean;
  is_archived: boolean;
}
/**
 * The newest entry of a conversation. `preview` is the beginning of the text that a message or an edit has, on one line. It is empty for a message of attachments alone, for a deletion, and for a notice, which has a `code` instead and no sender.
 */
export interface LastEntry {
  sequence: number;
  kind: "message" | "edit" | "deletion" | "notice";
  at: string;
  sender_id: string | null;
  preview: string;
  attachment_count: number;
  code: string | null;
}
/**
 * The account has read a conversation up to `read_sequence`, on whichever app. Nothing is unread if that is the `head`; otherwise the list has the count.
 */
export interface InboxRead {
  conversation_id: string;
  read_sequence: number;
  head: number;
}
/**
 * One RFI offered to one vendor; a push has the `position` in the account's feed.
 */
export interface Match {
  id: string;
  rfi_id: string;
  rfi_revision: number;
  customer_id: string;
  vendor_id: string;
  vendor_name: string;
  state: "offered" | "accepted" | "declined" | "closed";
  distance_m: number;
  score: number;
  reasons: string[];
  conversation_id?: string | null;
  closed_reason?: string | null;
  offered_at: string;
  updated_at: string;
  position?: number;
}
/**
 * A vendor's price for a revision of an RFI; a push has the `position` in the account's feed.
 */
export interface Quote {
  amount_minor: number;
  currency: string;
  message: string;
  valid_until?: string | null;
  lines?: QuoteLine[];
  subtotal_minor?: number | null;
  tax_minor?: number | null;
  attachment_ids?: string[];
  id: string;
  revision: number;
  rfi_id: string;
  rfi_revision: number;
  match_id: string;
  conversation_id: string;
  customer_id: string;
  vendor_id: string;
  vendor_name: string;
  state: "submitted" | "awarded" | "closed";
  submitted_at: string;
  updated_at: string;
  confirmed_rfi_revision?: number | null;
  outdated_by_revision?: number | null;
  closed_reason?: string | null;
  closed_note?: string | null;
  position?: number;
}
/**
 * One line of a quote, with its amount before tax.
 */
export interface QuoteLine {
  description: string;
  quantity: number;
  unit_price_minor: number;
  tax_rate: number;
  amount_minor: number;
}
/**
 * The RFI was awarded to one of its quotes.
 */
export interface RfiAwarded {
  position?: number;
  rfi_id: string;
  quote_id: string;
  quote_revision?: number;
  vendor_id: string;
  revision: number;
}
/**
 * An admin or a rule decided about the vendor.
 */
export interface VendorDecided {
  vendor_id: string;
  state: "applied" | "verifying" | "in_review" | "active" | "rejected" | "suspended";
  state_reason: string | null;
  updated_at: string;
  review: Review | null;
  position?: number;
}
/**
 * What was decided about a vendor, and why; `steps` are those that it has to change.
 */
export interface Review {
  outcome:
    "approved" | "rejected" | "changes_requested" | "suspended" | "reinstated" | "document_expired";
  reason: string;
  steps: (
    | "company"
    | "categories"
    | "service_area"
    | "capacity"
    | "opening_hours"
    | "languages"
    | "pictures"
    | "documents"
    | "email"
    | "phone"
  )[];
  is_of_changes: boolean;
  at: string;
}
/**
 * Somebody joined or left the vendor's team, or got another role in it.
 */
export interface Team {
  account_id: string;
  role: "owner" | "agent" | null;
  changed_by: string;
  at: string;
  position?: number;
}
/**
 * Who a conversation is assigned to; null for nobody.
 */
export interface Assignment {
  conversation_id: string;
  account_id: string | null;
  assigned_by: string;
  at: string;
  position?: number;
}
/**
 * One notification to one account; a push has the `position` in the account's feed.
 */
export interface Notification {
  id: string;
  account_id: string;
  event_id: string;
  kind: string;
  channel: string;
  state: string;
  reason?: string | null;
  created_at: string;
  updated_at: string;
  position?: number;
}
/**
 * A room is at `head`, and the app has not received everything up to it. The missing entries cannot be read yet and are pushed later. If `is_snapshot` is true, they are not: the database was restored from a backup, and the room's numbers no longer match the entries that the app has.
 */
export interface Gap {
  room: string;
  head: number;
  epoch: string;
  is_snapshot: boolean;
}
/**
 * The gateway is about to close the connection; `code` says why.
 */
export interface ConnectionClosing {
  code: "draining" | "token_expired" | "unauthenticated" | "rate_limited";
}
/**
 * The connection was removed from a room because its account may no longer see the content.
 */
export interface RoomLeft {
  room: string;
  reason: string;
}
/**
 * The access token is about to expire; reconnect with a new one.
 */
export interface SessionExpiring {
  expires_in_s: number;
}
/**
 * `auth` of the handshake: the access token from `POST /v1/tokens`.
 */
export interface HandshakeAuth {
  token: string;
}
/**
 * The `data` of the `connect_error` that refuses a handshake.
 */
export interface ConnectRefusal {
  code:
    | "unauthenticated"
    | "token_expired"
    | "rate_limited"
    | "too_many_connections"
    | "draining"
    | "unavailable";
  temporary: boolean;
  retry_after_ms?: number;
}
/**
 * Why a call was refused.
 */
export interface CallRefusal {
  /**
   * The error code, for programs.
   */
  code: string;
  /**
   * A sentence for developers.
   */
  message: string;
  /**
   * Whether the same call may succeed later.
   */
  temporary: boolean;
  retry_after_ms?: number;
  /**
   * The invalid values.
   */
  errors?: {
    path: string;
    message: string;
  }[];
}
