/**
 * The socket's contract: what each call takes and is answered, and what each push brings.
 *
 * Made from the AsyncAPI document by `make contract`; not to be changed by hand.
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
   * Join a conversation: a snapshot now, pushes from head + 1 on. With `after_sequence` the snapshot has what came after it, at most 200 entries. Without it, or when it is above the head or of another `epoch` than the answer's, the snapshot is the last 200 (`is_snapshot`).
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
   * Leave a conversation: nothing of it is pushed any more.
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
   * Read entries after `after_sequence` or before `before_sequence`, one of the two; the newest (`is_snapshot`) when that is above the head or of another `epoch`.
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
   * Send a message; acknowledged when it is on disk. Sent again under the same `client_message_id`, however late, it gets the first answer.
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
   * Replace the body of one's own message. An edit to the words that stand makes no entry and is answered with the entry that made them; a deleted message is not edited any more.
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
   * Delete one's own message; a block keeps nobody from it. Deleted again, it is answered with the first deletion.
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
   * This app has everything up to a sequence.
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
   * Everything up to a sequence was read.
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
   * Somebody types, or stopped; say it again every few seconds.
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
   * Follow an RFI: the RFI now, pushes from revision + 1 on. With `after_revision` the changes after it are in the answer, unless they are more than 500, or the number is above the RFI's revision or of another `epoch` (`is_snapshot`).
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
   * Follow an RFI no longer.
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
}
/**
 * `join_conversation`: with `after_sequence`, of `epoch`, the entries start after it.
 */
export interface JoinConversation {
  conversation_id: string;
  after_sequence?: number | null;
  epoch?: string | null;
}
/**
 * The snapshot up to `head`; pushes begin at head + 1.
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
  attachments: {
    [k: string]: unknown;
  }[];
  sent_at: string;
  kind: "message";
  at: string;
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
 * Something happened around the conversation; `code` says what, `data` with whom or what.
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
 * A conversation as one of its participants joins it.
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
 * One side of a conversation, and whether it does something just now.
 */
export interface SeenParticipant {
  account_id: string;
  role: "customer" | "vendor";
  name: string;
  is_active: boolean;
}
/**
 * How far a participant's apps have got.
 */
export interface ReadPosition {
  conversation_id: string;
  account_id: string;
  delivered_sequence: number;
  read_sequence: number;
}
/**
 * A call that names a conversation and nothing more.
 */
export interface ConversationCall {
  conversation_id: string;
}
/**
 * It was done; there is nothing more to say.
 */
export interface Done {
  ok: true;
}
/**
 * `fetch_entries`: either behind a sequence, oldest first, or before one, newest first kept.
 */
export interface FetchEntries {
  conversation_id: string;
  after_sequence?: number;
  before_sequence?: number;
  limit?: number;
  epoch?: string | null;
}
/**
 * Entries, oldest first; `head` is the conversation's highest sequence. `has_more` says that there are more in the direction that was asked for. With `is_snapshot` they are the newest entries, which do not follow on what the app named; `has_more` tells of older ones.
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
 * `send_message`.
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
 * The message as it is stored; a resend gets the first answer.
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
  attachments: {
    [k: string]: unknown;
  }[];
  sent_at: string;
}
/**
 * `edit_message`.
 */
export interface EditMessage {
  conversation_id: string;
  message_id: string;
  body: string;
}
/**
 * The entry of an edit or a deletion: the new one, or the one that says the same already.
 */
export interface ChangedMessage {
  ok: true;
  entry: MessageEntry | EditEntry | DeletionEntry | NoticeEntry;
}
/**
 * `delete_message`.
 */
export interface DeleteMessage {
  conversation_id: string;
  message_id: string;
}
/**
 * `mark_delivered` and `mark_read`: all up to this sequence.
 */
export interface MarkPosition {
  conversation_id: string;
  sequence: number;
}
/**
 * `set_typing`.
 */
export interface SetTyping {
  conversation_id: string;
  is_typing: boolean;
}
/**
 * `join_rfi`: with `after_revision`, of `epoch`, the changes start after it.
 */
export interface JoinRfi {
  rfi_id: string;
  after_revision?: number | null;
  epoch?: string | null;
}
/**
 * The RFI at `revision` with the changes behind `after_revision`; pushes begin at revision + 1. With `is_snapshot` the changes are left out, and the RFI is to be taken as it is.
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
 * An RFI as it stands at `revision`. With `visibility` `limited` it lacks what is shown after the acceptance alone: `address` is null, `location` is rounded to about 1 km, and `budget` is null unless the customer shows it.
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
  visibility?: "full" | "limited";
}
/**
 * Bounds in minor units of one currency.
 */
export interface Budget {
  min_minor: number;
  max_minor: number;
  currency: string;
}
/**
 * One step of an RFI: what it changed, who did it and why.
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
 * Who did it.
 */
export interface Actor {
  account_id: string;
  role: string;
}
/**
 * One field before and after; `path` has a dot where it leads into an object.
 */
export interface Change {
  path: string;
  old: string | number | boolean | {} | unknown[] | null;
  new: string | number | boolean | {} | unknown[] | null;
}
/**
 * A call that names an RFI and nothing more.
 */
export interface RfiCall {
  rfi_id: string;
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
  "rfi.changed": Revision;
  "match.offered": Match;
  "match.updated": Match;
  "quote.submitted": Quote;
  "quote.updated": Quote;
  "rfi.awarded": RfiAwarded;
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
 * Somebody began to type, or stopped; ends by itself after six seconds without a word.
 */
export interface Typing {
  conversation_id: string;
  account_id: string;
  is_typing: boolean;
}
/**
 * Somebody is active, or no longer: within a minute behind what they did last, and connected.
 */
export interface Presence {
  conversation_id: string;
  account_id: string;
  is_active: boolean;
}
/**
 * Whether a conversation takes messages, and whether that is because of oneself.
 */
export interface Block {
  conversation_id: string;
  is_open: boolean;
  blocked_by_me: boolean;
}
/**
 * One RFI offered to one vendor.
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
}
/**
 * A vendor's price on a revision of an RFI.
 */
export interface Quote {
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
  amount_minor: number;
  currency: string;
  message: string;
  valid_until?: string | null;
  submitted_at: string;
  updated_at: string;
}
/**
 * The RFI was awarded to one of its quotes.
 */
export interface RfiAwarded {
  rfi_id: string;
  quote_id: string;
  vendor_id: string;
  revision: number;
}
/**
 * One notification to one person by one channel.
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
}
/**
 * A room is at `head`, and the app does not have all up to there. What is missing cannot be read yet and is pushed later. With `is_snapshot` it is not: the database was restored from a backup, and what the app has is not what the room's numbers now stand for.
 */
export interface Gap {
  room: string;
  head: number;
  epoch: string;
  is_snapshot: boolean;
}
/**
 * The connection is about to be closed, and why.
 */
export interface ConnectionClosing {
  code: "draining" | "token_expired" | "unauthenticated" | "rate_limited";
}
/**
 * The connection was taken out of a room, since its account may no longer see what is in it.
 */
export interface RoomLeft {
  room: string;
  reason: string;
}
/**
 * The access token runs out; connect anew with another one.
 */
export interface SessionExpiring {
  expires_in_s: number;
}
/**
 * `auth` of the handshake: the access token of `POST /v1/tokens`.
 */
export interface HandshakeAuth {
  token: string;
}
/**
 * `data` of the `connect_error` with which a handshake is refused.
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
 * Why a call was not done.
 */
export interface CallRefusal {
  /**
   * What programs branch on.
   */
  code: string;
  /**
   * A sentence for the developer.
   */
  message: string;
  /**
   * Whether the same may succeed later.
   */
  temporary: boolean;
  retry_after_ms?: number;
  /**
   * The values that were not accepted.
   */
  errors?: {
    path: string;
    message: string;
  }[];
}
