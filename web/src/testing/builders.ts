/** Builders of test data: every field has a default, and a test sets the fields it is about. */

import { entryOfMessage } from "../parley/conversation";
import type {
  Block,
  Change,
  Conversation,
  DeletionEntry,
  EditEntry,
  Entry,
  JoinedConversation,
  Message,
  MessageEntry,
  NoticeEntry,
  Revision,
  Rfi,
} from "../parley/types";

export const ME = "customer-1";
export const OTHER = "vendor-1";
export const CONVERSATION = "conversation-1";
const AT = "2030-05-01T12:00:00.000Z";

export const aMessage = (sequence: number, changed: Partial<Message> = {}): Message => ({
  id: `message-${sequence}`,
  conversation_id: CONVERSATION,
  sequence,
  client_message_id: `client-${sequence}`,
  sender_id: OTHER,
  channel: "app",
  body: `body ${sequence}`,
  attachments: [],
  sent_at: AT,
  ...changed,
});

export const aMessageEntry = (sequence: number, changed: Partial<Message> = {}): MessageEntry =>
  entryOfMessage(aMessage(sequence, changed));

export const anEdit = (sequence: number, message_id: string, body: string): EditEntry => ({
  sequence,
  kind: "edit",
  at: AT,
  message_id,
  sender_id: OTHER,
  body,
});

export const aDeletion = (sequence: number, message_id: string): DeletionEntry => ({
  sequence,
  kind: "deletion",
  at: AT,
  message_id,
  sender_id: OTHER,
});

export const aNotice = (sequence: number, code = "participant_joined"): NoticeEntry => ({
  sequence,
  kind: "notice",
  at: AT,
  code,
  data: { account_id: OTHER },
});

/** A block by the other participant. */
export const aBlock = (changed: Partial<Block> = {}): Block => ({
  conversation_id: CONVERSATION,
  is_open: false,
  blocked_by_me: false,
  ...changed,
});

/** The other participant's messages from one sequence to another, both inclusive. */
export const messages = (from: number, to: number): MessageEntry[] =>
  Array.from({ length: to - from + 1 }, (_, index) => aMessageEntry(from + index));

export const aConversation: Conversation = {
  id: CONVERSATION,
  rfi_id: "rfi-1",
  match_id: "match-1",
  created_at: AT,
  is_open: true,
  blocked_by_me: false,
  participants: [
    { account_id: ME, role: "customer", name: "Casey", is_active: true },
    { account_id: OTHER, role: "vendor", name: "Vera", is_active: false },
  ],
};

export const aJoin = (
  entries: Entry[],
  changed: Partial<JoinedConversation> = {},
): JoinedConversation => ({
  conversation: aConversation,
  participants: aConversation.participants,
  read_positions: [],
  head: entries.at(-1)?.sequence ?? 0,
  has_more: false,
  epoch: "0",
  is_snapshot: false,
  entries,
  ...changed,
});

export const anRfi = (changed: Partial<Rfi> = {}): Rfi => ({
  id: "rfi-1",
  customer_id: ME,
  state: "open",
  revision: 2,
  category: "plumbing",
  title: "Leaking pipe",
  description: "Under the sink",
  location: { type: "Point", coordinates: [-104.9903, 39.7392] },
  needed_by: null,
  budget: { min_minor: 10_000, max_minor: 50_000, currency: "USD" },
  max_vendors: 5,
  attributes: {},
  attachment_ids: [],
  created_at: AT,
  updated_at: AT,
  ...changed,
});

export const aRevision = (revision: number, changes: Change[], cause = "revised"): Revision => ({
  rfi_id: "rfi-1",
  revision,
  at: `2030-05-01T12:00:${String(revision).padStart(2, "0")}.000Z`,
  actor: { account_id: ME, role: "customer" },
  cause,
  changes,
});
