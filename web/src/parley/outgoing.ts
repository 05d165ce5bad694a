/** The steps of an unacknowledged message, from the send button to its sequence; pure. */

import { type ConversationState, entriesAdded, entryOfMessage } from "./conversation";
import type { ParleyError } from "./errors";
import type { Message } from "./types";

/** A message that is not yet shown by its sequence. `failed` waits for the person to retry it. */
export interface Pending {
  client_message_id: string;
  body: string;
  written_at: string;
  state: "waiting" | "sent" | "failed";
  error: ParleyError | null;
  /** How often the connection was lost while it was being sent. */
  breaks: number;
}

/** After this many lost connections, a message is not retried automatically. */
export const MAX_BREAKS = 2;

/** Adds a message that the person has just written. */
export function messageAdded(
  state: ConversationState,
  message: Pick<Pending, "client_message_id" | "body" | "written_at">,
): ConversationState {
  const pending: Pending = { ...message, state: "waiting", error: null, breaks: 0 };
  return { ...state, pending: [...state.pending, pending] };
}

/** Adds messages written before this page was loaded; they are sent before those written since. */
export function messagesRestored(state: ConversationState, older: readonly Pending[]): ConversationState {
  const known = new Set(state.pending.map((each) => each.client_message_id));
  const fresh = older.filter((each) => !known.has(each.client_message_id));
  // Removes those that had arrived after all, if their entries are loaded.
  return entriesAdded({ ...state, pending: [...fresh, ...state.pending] }, []);
}

/** Applies a message's acknowledgement, which has its sequence. */
export function acknowledged(state: ConversationState, message: Message): ConversationState {
  const { client_message_id, sequence } = message;
  // A message that arrived long ago is older than the loaded entries: it is shown with its page.
  if (sequence < state.first) return dropped(state, client_message_id);
  return entriesAdded(updated(state, client_message_id, { state: "sent", error: null }), [
    entryOfMessage(message),
  ]);
}

/** Marks a message as refused: it waits for the person. */
export const refused = (
  state: ConversationState,
  client_message_id: string,
  error: ParleyError,
): ConversationState => updated(state, client_message_id, { state: "failed", error });

/** Counts a connection lost while a message was being sent. */
export function connectionLost(
  state: ConversationState,
  client_message_id: string,
  error: ParleyError,
): ConversationState {
  const found = state.pending.find((each) => each.client_message_id === client_message_id);
  const breaks = (found?.breaks ?? 0) + 1;
  const counted = updated(state, client_message_id, { breaks });
  return breaks < MAX_BREAKS ? counted : refused(counted, client_message_id, error);
}

/** Queues a refused message again under the same id. */
export const retried = (state: ConversationState, client_message_id: string): ConversationState =>
  updated(state, client_message_id, { state: "waiting", error: null, breaks: 0 });

/** Removes a refused message. */
export const dropped = (state: ConversationState, client_message_id: string): ConversationState => ({
  ...state,
  pending: state.pending.filter((each) => each.client_message_id !== client_message_id),
});

function updated(
  state: ConversationState,
  client_message_id: string,
  to: Partial<Pending>,
): ConversationState {
  const pending = state.pending.map((each) =>
    each.client_message_id === client_message_id ? { ...each, ...to } : each,
  );
  return { ...state, pending };
}
