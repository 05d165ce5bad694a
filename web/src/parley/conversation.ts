/**
 * The state of a conversation, and the pure steps that change it.
 *
 * Entries are stored by sequence and shown up to the first gap; `missingAfter` says what to fetch. So it does
 * not matter if a push is lost, late or repeated. Edits and deletions are entries too; `timeline`
 * applies them to their messages. outgoing.ts has the unacknowledged messages, conversation-client.ts
 * the network.
 */

import { isOtherEpoch, type WithEpoch } from "./epochs";
import type { Pending } from "./outgoing";
import type {
  Block,
  Conversation,
  Entry,
  EntryPage,
  JoinedConversation,
  Message,
  MessageEntry,
  NoticeEntry,
  Participant,
  Pushes,
  ReadPosition,
} from "./types";

export interface ConversationState {
  conversation: Conversation | null;
  participants: readonly Participant[];
  entries: ReadonlyMap<number, Entry>;
  /** The oldest loaded sequence; 0 while nothing is loaded. */
  first: number;
  /** Every entry from `first` to here is loaded; entries after a gap are held back. */
  dense: number;
  /** The highest sequence known to exist. */
  head: number;
  /** The epoch of the sequences; null while it is unknown. */
  epoch: string | null;
  pending: readonly Pending[];
  positions: ReadonlyMap<string, ReadPosition>;
  /** When (ms) each account's typing expires. */
  typing: ReadonlyMap<string, number>;
  /** The accounts that were last reported as active. */
  active: ReadonlySet<string>;
}

export const EMPTY: ConversationState = {
  conversation: null,
  participants: [],
  entries: new Map(),
  first: 0,
  dense: 0,
  head: 0,
  epoch: null,
  pending: [],
  positions: new Map(),
  typing: new Map(),
  active: new Set(),
};

/** Typing expires after this time, in case the push of its end is lost. */
export const TYPING_TTL_MS = 6_000;

/** Applies the answer to a first or repeated join: adds its entries to the known ones. */
export function joined(state: ConversationState, answer: JoinedConversation): ConversationState {
  const { conversation, participants } = answer;
  const active = participants.filter((each) => each.is_active).map((each) => each.account_id);
  const base = baseFor(state, answer);
  const next = { ...base, conversation, participants, active: new Set(active) };
  const placed = answer.read_positions.reduce(positionMoved, next);
  return pageAdded(placed, { ...answer, is_snapshot: false });
}

/** Adds a page of older or newer entries. */
export function pageAdded(state: ConversationState, page: EntryPage): ConversationState {
  return entriesAdded(headRaised(baseFor(state, page), page.head), page.entries);
}

/**
 * The state to which an answer's entries are added: the current one, or an empty one if the answer is
 * of another epoch or a snapshot that does not continue from ours.
 */
function baseFor(state: ConversationState, { epoch, is_snapshot }: WithEpoch): ConversationState {
  const next = { ...state, epoch: epoch ?? state.epoch };
  return is_snapshot === true || isOtherEpoch(state.epoch, epoch) ? emptied(next) : next;
}

/** Removes all entries. A message that was acknowledged in the other epoch is sent again. */
function emptied(state: ConversationState): ConversationState {
  const { entries, first, dense, head, positions } = EMPTY;
  const pending = state.pending.map((each) =>
    each.state === "sent" ? { ...each, state: "waiting" as const } : each,
  );
  return { ...state, entries, first, dense, head, positions, pending };
}

/** Adds entries from a push, a page or an acknowledgement. Known ones change nothing. */
export function entriesAdded(state: ConversationState, incoming: readonly Entry[]): ConversationState {
  const fresh = incoming.filter((entry) => !state.entries.has(entry.sequence));
  if (fresh.length === 0) return normalized(state);
  const entries = new Map(state.entries);
  const typing = new Map(state.typing);
  let head = state.head;
  for (const entry of fresh) {
    entries.set(entry.sequence, entry);
    head = Math.max(head, entry.sequence);
    if (entry.kind === "message") typing.delete(entry.sender_id);
  }
  return normalized({ ...state, entries, typing, head });
}

/** Raises the head: entries up to `head` are known to exist. */
export function headRaised(state: ConversationState, head: number): ConversationState {
  return head > state.head ? { ...state, head } : state;
}

/** The sequence after which to fetch entries, or null if none are missing. */
export function missingAfter(state: ConversationState): number | null {
  return state.dense < state.head ? state.dense : null;
}

/** Whether there are entries before the oldest loaded one. */
export const hasOlder = (state: ConversationState): boolean => state.first > 1;

/** Applies a read position. It only moves forward, so a late push changes nothing. */
export function positionMoved(state: ConversationState, moved: ReadPosition): ConversationState {
  const old = state.positions.get(moved.account_id);
  const position = {
    account_id: moved.account_id,
    delivered_sequence: Math.max(old?.delivered_sequence ?? 0, moved.delivered_sequence),
    read_sequence: Math.max(old?.read_sequence ?? 0, moved.read_sequence),
  };
  return { ...state, positions: new Map(state.positions).set(moved.account_id, position) };
}

export function typingChanged(
  state: ConversationState,
  account_id: string,
  is_typing: boolean,
  now_ms: number,
): ConversationState {
  const typing = new Map(state.typing);
  if (is_typing) typing.set(account_id, now_ms + TYPING_TTL_MS);
  else typing.delete(account_id);
  return { ...state, typing };
}

export function presenceChanged(
  state: ConversationState,
  account_id: string,
  is_active: boolean,
): ConversationState {
  if (state.active.has(account_id) === is_active) return state;
  const active = new Set(state.active);
  if (is_active) active.add(account_id);
  else active.delete(account_id);
  return { ...state, active };
}

/** Applies a block or unblock; a blocked conversation shows nobody as typing or active. */
export function blockChanged(state: ConversationState, block: Block): ConversationState {
  if (state.conversation === null) return state;
  const { is_open, blocked_by_me } = block;
  const next = { ...state, conversation: { ...state.conversation, is_open, blocked_by_me } };
  return is_open ? next : { ...next, typing: new Map(), active: new Set() };
}

/** Whether a notice of a block or unblock contradicts the state, which is then stale: join again. */
export function contradicts(state: ConversationState, entry: Entry): boolean {
  if (state.conversation === null || entry.kind !== "notice") return false;
  const { is_open } = state.conversation;
  return entry.code === (is_open ? "conversation_closed" : "conversation_reopened");
}

/** Removes expired typing. */
export function typingExpired(state: ConversationState, now_ms: number): ConversationState {
  const typing = new Map([...state.typing].filter(([, until_ms]) => until_ms > now_ms));
  return typing.size === state.typing.size ? state : { ...state, typing };
}

/** An item of the conversation as it is shown. */
export type TimelineItem =
  | {
      kind: "message";
      key: string;
      sequence: number;
      message: MessageEntry;
      body: string;
      is_edited: boolean;
      is_deleted: boolean;
    }
  | { kind: "notice"; key: string; sequence: number; notice: NoticeEntry }
  | { kind: "pending"; key: string; pending: Pending };

/**
 * The items to show, oldest first: edits and deletions are applied to their messages, and pending
 * messages come last.
 *
 * @param me the account that wrote the pending messages; a message keeps its key when it is numbered
 */
export function timeline(state: ConversationState, me: string): TimelineItem[] {
  const items: TimelineItem[] = [];
  const byMessage = new Map<string, Extract<TimelineItem, { kind: "message" }>>();
  const keys = new Set<string>();
  for (let sequence = state.first; sequence > 0 && sequence <= state.dense; sequence += 1) {
    const entry = state.entries.get(sequence);
    if (entry?.kind === "message") {
      const key = keyOf(entry.sender_id, entry.client_message_id);
      if (keys.has(key)) continue;
      keys.add(key);
      const item = { kind: "message", key, sequence, message: entry, body: entry.body } as const;
      const shown = { ...item, is_edited: false, is_deleted: false };
      byMessage.set(entry.id, shown);
      items.push(shown);
    } else if (entry?.kind === "notice") {
      items.push({ kind: "notice", key: `notice:${sequence}`, sequence, notice: entry });
    } else if (entry !== undefined) {
      applyToMessage(byMessage.get(entry.message_id), entry);
    }
  }
  for (const pending of state.pending) {
    items.push({ kind: "pending", key: keyOf(me, pending.client_message_id), pending });
  }
  return items;
}

/** The highest sequence that all other participants have read. */
export function readByOthers(state: ConversationState, me: string): number {
  const others = state.participants.filter((each) => each.account_id !== me);
  if (others.length === 0) return 0;
  return Math.min(
    ...others.map((each) => state.positions.get(each.account_id)?.read_sequence ?? 0),
  );
}

/** A pushed or acknowledged message as an entry. */
export const entryOfMessage = (message: Message): MessageEntry => ({
  ...message,
  kind: "message",
  at: message.sent_at,
});

/** Converts a push that carries an entry to that entry. */
export function entryOfPush<N extends EntryPush>(name: N, push: Pushes[N]): Entry {
  if (name === "message.sent") return entryOfMessage(push as Message);
  if (name === "message.edited") return { ...(push as Pushes["message.edited"]), kind: "edit" };
  if (name === "message.deleted") return { ...(push as Pushes["message.deleted"]), kind: "deletion" };
  return push as NoticeEntry;
}

export const ENTRY_PUSHES = [
  "message.sent",
  "message.edited",
  "message.deleted",
  "notice.added",
] as const;
export type EntryPush = (typeof ENTRY_PUSHES)[number];

const keyOf = (sender_id: string, client_message_id: string): string =>
  `${sender_id}:${client_message_id}`;

function applyToMessage(
  item: Extract<TimelineItem, { kind: "message" }> | undefined,
  entry: Extract<Entry, { kind: "edit" | "deletion" }>,
): void {
  if (item === undefined || item.is_deleted) return;
  if (entry.kind === "deletion") {
    item.is_deleted = true;
    item.body = "";
  } else {
    item.is_edited = true;
    item.body = entry.body;
  }
}

/** Updates `first`, `dense` and the pending messages after entries were added. */
function normalized(state: ConversationState): ConversationState {
  if (state.entries.size === 0) return { ...state, first: 0, dense: 0 };
  const first = firstOf(state);
  let dense = Math.max(state.dense, first);
  while (state.entries.has(dense + 1)) dense += 1;
  const pending = state.pending.filter((each) => !isNumbered(state, first, dense, each));
  const isSame = pending.length === state.pending.length;
  return { ...state, first, dense, pending: isSame ? state.pending : pending };
}

/** The start of the gapless range; it moves back when older pages are added. */
function firstOf(state: ConversationState): number {
  if (state.first === 0) return Math.min(...state.entries.keys());
  let first = state.first;
  while (state.entries.has(first - 1)) first -= 1;
  return first;
}

function isNumbered(
  state: ConversationState,
  first: number,
  dense: number,
  pending: Pending,
): boolean {
  for (let sequence = dense; sequence >= first; sequence -= 1) {
    const entry = state.entries.get(sequence);
    if (entry?.kind === "message" && entry.client_message_id === pending.client_message_id) {
      return true;
    }
  }
  return false;
}
