/**
 * Sends the messages of one conversation one at a time, so that they arrive in the order in which they
 * were written, and stores unsent messages so that they survive a reload.
 */

import type { ConversationState } from "./conversation";
import { asParleyError, ParleyError } from "./errors";
import { newId } from "./ids";
import * as steps from "./outgoing";
import type { Pending } from "./outgoing";
import { Retry } from "./retry";
import type { Store } from "./store";
import type { StoredMessage, UnsentStore } from "./unsent-store";
import type { Message } from "./types";
import { wellFormed } from "./well-formed";

export interface SenderOptions {
  state: Store<ConversationState>;
  /** Applies a step to the state, then does what the new state requires. */
  advance: (step: (state: ConversationState) => ConversationState) => void;
  conversation_id: string;
  unsentStore: Pick<UnsentStore, "put" | "remove"> | undefined;
  /** Sends one message; rejects with a ParleyError. */
  send: (message: Pick<Pending, "client_message_id" | "body">) => Promise<Message>;
  /** Whether messages can be sent now; `flush` must be called when they can be sent again. */
  isReady: () => boolean;
  isConnected: () => boolean;
  onRefused: (error: ParleyError) => void;
  onIdle: () => void;
  now_ms: () => number;
}

export class MessageSender {
  readonly #options: SenderOptions;
  readonly #sendRetry = new Retry();
  #isSending = false;
  /** The pending messages at the last save. */
  #saved: readonly Pending[] = [];

  constructor(options: SenderOptions) {
    this.#options = options;
    options.state.subscribe(() => this.#save());
  }

  /** Whether messages are waiting to be sent. */
  get isWaiting(): boolean {
    return this.#pending.some((each) => each.state === "waiting");
  }

  write(body: string): void {
    const message = {
      client_message_id: newId(),
      body: wellFormed(body),
      written_at: new Date(this.#options.now_ms()).toISOString(),
    };
    this.#options.advance((s) => steps.messageAdded(s, message));
    void this.flush();
  }

  /** Takes over the unsent messages of an earlier page. */
  restore(messages: readonly StoredMessage[]): void {
    const older = messages.map(({ pending }) => ({
      ...pending,
      error: pending.error && new ParleyError(pending.error.code, pending.error.message),
    }));
    this.#saved = [...older, ...this.#saved];
    this.#options.advance((s) => steps.messagesRestored(s, older));
    void this.flush();
  }

  retry(client_message_id: string): void {
    this.#options.advance((s) => steps.retried(s, client_message_id));
    void this.flush();
  }

  drop(client_message_id: string): void {
    this.#options.advance((s) => steps.dropped(s, client_message_id));
  }

  /** Marks all waiting messages as failed: the conversation is not accessible. */
  failWaiting(error: ParleyError): void {
    for (const { state, client_message_id } of this.#pending) {
      if (state === "waiting") this.#options.advance((s) => steps.refused(s, client_message_id, error));
    }
  }

  cancel(): void {
    this.#sendRetry.cancel();
  }

  async flush(): Promise<void> {
    if (this.#isSending || !this.#options.isReady()) return;
    this.#isSending = true;
    try {
      for (;;) {
        const next = this.#pending.find((each) => each.state === "waiting");
        if (next === undefined || !(await this.#sendOne(next))) break;
      }
    } finally {
      this.#isSending = false;
    }
    this.#options.onIdle();
  }

  /** Sends one message; returns whether the next may be sent. */
  async #sendOne({ client_message_id, body }: Pending): Promise<boolean> {
    try {
      const message = await this.#options.send({ client_message_id, body });
      this.#sendRetry.reset();
      this.#options.advance((s) => steps.acknowledged(s, message));
      return true;
    } catch (thrown) {
      const error = asParleyError(thrown);
      if (error.code === "connection_broken") {
        this.#options.advance((s) => steps.connectionLost(s, client_message_id, error));
        return false; // The others are sent after the join on the next connection.
      }
      if (error.is_temporary) {
        const retry = () => void this.flush();
        if (this.#options.isConnected()) this.#sendRetry.later(retry, error.retry_after_ms);
        return false;
      }
      this.#options.advance((s) => steps.refused(s, client_message_id, error));
      this.#options.onRefused(error);
      return true;
    }
  }

  get #pending(): readonly Pending[] {
    return this.#options.state.get().pending;
  }

  /** Stores unsent messages in the browser, and removes those that the marketplace has stored. */
  #save(): void {
    const { unsentStore, conversation_id } = this.#options;
    const [before, now] = [this.#saved, this.#pending];
    if (unsentStore === undefined || before === now) return;
    this.#saved = now;
    const unsent = (all: readonly Pending[]) => all.filter((each) => each.state !== "sent");
    const left = new Set(unsent(now).map((each) => each.client_message_id));
    for (const each of unsent(now)) if (!before.includes(each)) unsentStore.put(conversation_id, each);
    for (const { client_message_id } of unsent(before)) {
      if (!left.has(client_message_id)) unsentStore.remove(client_message_id);
    }
  }
}
