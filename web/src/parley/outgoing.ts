/** Messages on their way, from the send button to their number in the conversation; pure. */

import { type ConversationState, entered, entryOfMessage } from "./conversation";
import type { ParleyError } from "./errors";
import type { Message } from "./types";

/** A message on its way: `failed` waits for the person, the others go out by themselves. */
export interface Pending {
  client_message_id: string;
  body: string;
  written_at: string;
  state: "waiting" | "sent" | "failed";
  error: ParleyError | null;
  /** How often the connection broke while it was being sent. */
  breaks: number;
}

/** A message that broke so many connections is not sent again by itself. */
export const MOST_BREAKS = 2;

/** A message the person just wrote: shown at once, numbered later. */
export function written(
  state: ConversationState,
  message: Pick<Pending, "client_message_id" | "body" | "written_at">,
): ConversationState {
  const pending: Pending = { ...message, state: "waiting", error: null, breaks: 0 };
  return { ...state, pending: [...state.pending, pending] };
}

/** Messages that were written before this page was loaded: they go out before those written since. */
export function restored(state: ConversationState, older: readonly Pending[]): ConversationState {
  const known = new Set(state.pending.map((each) => each.client_message_id));
  const fresh = older.filter((each) => !known.has(each.client_message_id));
  // Those that arrived after all have their numbers, as far as these are loaded.
  return entered({ ...state, pending: [...fresh, ...state.pending] }, []);
}

/** The acknowledgement of a message: it has its number now. */
export function acknowledged(state: ConversationState, message: Message): ConversationState {
  const { client_message_id, sequence } = message;
  // One that arrived long ago stands above what is loaded, where it shows with the others.
  if (sequence < state.first) return dropped(state, client_message_id);
  return entered(mark(state, client_message_id, { state: "sent", error: null }), [
    entryOfMessage(message),
  ]);
}

/** A message that was refused and waits for the person. */
export const refused = (
  state: ConversationState,
  client_message_id: string,
  error: ParleyError,
): ConversationState => mark(state, client_message_id, { state: "failed", error });

/** The connection broke while a message was being sent. */
export function broken(
  state: ConversationState,
  client_message_id: string,
  error: ParleyError,
): ConversationState {
  const found = state.pending.find((each) => each.client_message_id === client_message_id);
  const breaks = (found?.breaks ?? 0) + 1;
  const counted = mark(state, client_message_id, { breaks });
  return breaks < MOST_BREAKS ? counted : refused(counted, client_message_id, error);
}

/** A refused message is to go out again, under its old id. */
export const retried = (state: ConversationState, client_message_id: string): ConversationState =>
  mark(state, client_message_id, { state: "waiting", error: null, breaks: 0 });

/** A refused message is given up. */
export const dropped = (state: ConversationState, client_message_id: string): ConversationState => ({
  ...state,
  pending: state.pending.filter((each) => each.client_message_id !== client_message_id),
});

function mark(
  state: ConversationState,
  client_message_id: string,
  to: Partial<Pending>,
): ConversationState {
  const pending = state.pending.map((each) =>
    each.client_message_id === client_message_id ? { ...each, ...to } : each,
  );
  return { ...state, pending };
}
