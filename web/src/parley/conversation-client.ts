/**
 * Keeps one conversation up to date: joins and resumes by sequence, fetches missing entries and reports
 * read positions. message-sender.ts sends the messages.
 *
 *   gateway ──push, page──▶ conversation.ts (pure) ──Store──▶ the page
 *      ▲                                                        │
 *      └──────────── send, mark_read, set_typing ◀──────────────┘
 */

import * as steps from "./conversation";
import type { ConversationState } from "./conversation";
import { isOtherEpoch } from "./epochs";
import { asParleyError, type ParleyError } from "./errors";
import type { Gateway } from "./gateway";
import { MessageSender } from "./message-sender";
import { Retry } from "./retry";
import { Store } from "./store";
import type { StoredMessage, UnsentStore } from "./unsent-store";
import type { Block, CallName, Calls, Entry } from "./types";

export interface ConversationOptions {
  gateway: Pick<
    Gateway,
    "call" | "fetch" | "join" | "on" | "onConnected" | "onHead" | "hold" | "is_connected"
  >;
  conversation_id: string;
  /** My account's id. */
  me: string;
  /** Stores messages until they are sent; without it, they are only in memory. */
  unsentStore?: Pick<UnsentStore, "put" | "remove">;
  onRead?: (sequence: number) => void;
  now_ms?: () => number;
}

type ConversationCall = Exclude<CallName, "join_rfi" | "leave_rfi">;

const PAGE = 200;
/** While keys are pressed, `set_typing` is sent this often. */
const TYPING_EVERY_MS = 3_000;
/** After this long without a key, typing is reported as ended. */
const TYPING_IDLE_MS = 4_000;

export class ConversationClient {
  readonly state = new Store<ConversationState>(steps.EMPTY);
  /** Why the conversation cannot be opened; null if it can. */
  readonly failure = new Store<ParleyError | null>(null);
  readonly #options: ConversationOptions;
  readonly #now_ms: () => number;
  readonly #sender: MessageSender;
  readonly #cleanups: (() => void)[] = [];
  readonly #joinRetry = new Retry();
  readonly #fetchRetry = new Retry();
  readonly #reportRetry = new Retry();
  #isOpen = false;
  #isWanted = false;
  #isJoined = false;
  #isVisible = false;
  #isFetching = false;
  #isReporting = false;
  #typingSent_ms = 0;
  #typingIdleTimer: ReturnType<typeof setTimeout> | undefined;
  #typingExpiryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#now_ms = options.now_ms ?? Date.now;
    this.#sender = new MessageSender({
      state: this.state,
      advance: (step) => this.#advance(step),
      conversation_id: options.conversation_id,
      unsentStore: options.unsentStore,
      send: async (message) => (await this.#call("send_message", message)).message,
      isReady: () => this.#isJoined,
      isConnected: () => options.gateway.is_connected,
      onRefused: (error) => this.#sendRefused(error),
      onIdle: () => this.#leaveWhenSent(),
      now_ms: this.#now_ms,
    });
  }

  /** Joins the conversation and stays joined until `close`. */
  open(): void {
    this.#isWanted = true;
    if (this.#isOpen) return;
    this.#isOpen = true;
    const { gateway, conversation_id } = this.#options;
    const isOurs = (push: { conversation_id: string }) => push.conversation_id === conversation_id;
    this.#cleanups.push(gateway.hold(this.#room));
    for (const name of steps.ENTRY_PUSHES) {
      const take = (push: Parameters<typeof steps.entryOfPush>[1]) => {
        if (isOurs(push)) this.#entryReceived(steps.entryOfPush(name, push));
      };
      this.#cleanups.push(gateway.on(name, take));
    }
    this.#cleanups.push(
      gateway.on("receipt.updated", (push) => {
        if (isOurs(push)) this.#advance((s) => steps.positionMoved(s, push));
      }),
      gateway.on("typing.updated", (push) => {
        if (isOurs(push) && push.account_id !== this.#options.me) this.#typing(push);
      }),
      gateway.on("presence.updated", (push) => {
        if (!isOurs(push)) return;
        this.#advance((s) => steps.presenceChanged(s, push.account_id, push.is_active));
      }),
      gateway.on("conversation.updated", (push) => {
        if (isOurs(push)) this.blockChanged(push);
      }),
      gateway.onHead((room, head, epoch) => {
        if (room === this.#room) this.#headReceived(head, epoch);
      }),
      gateway.onConnected(() => void this.#join()),
    );
  }

  /** Leaves once all written messages are sent, so that changing the page loses nothing. */
  close(): void {
    this.#isWanted = false;
    if (this.#typingSent_ms > 0) this.#sendTyping(false);
    this.#leaveWhenSent();
  }

  /** Whether this client can be dropped without losing anything. */
  get is_idle(): boolean {
    return !this.#isOpen && this.state.get().pending.length === 0;
  }

  #leaveWhenSent(): void {
    if (this.#isWanted || !this.#isOpen || this.#sender.isWaiting) return;
    this.#isOpen = false;
    for (const cleanUp of this.#cleanups.splice(0)) cleanUp();
    for (const retry of [this.#joinRetry, this.#fetchRetry, this.#reportRetry]) retry.cancel();
    this.#sender.cancel();
    clearTimeout(this.#typingIdleTimer);
    clearTimeout(this.#typingExpiryTimer);
    this.#isJoined = false;
  }

  /**
   * Shows the message immediately and sends it as soon as possible; the acknowledgement numbers it.
   */
  send(body: string): void {
    this.#sender.write(body);
    this.#sendTyping(false);
  }

  /** Sends the unsent messages of an earlier page, even if no page shows this conversation. */
  restore(messages: readonly StoredMessage[]): void {
    const isShown = this.#isWanted;
    this.#sender.restore(messages);
    this.open();
    if (!isShown) this.close();
  }

  /** Sends a refused message again under the same id. */
  retry(client_message_id: string): void {
    this.#sender.retry(client_message_id);
    if (!this.#isJoined && this.failure.get() !== null) void this.#join();
  }

  drop(client_message_id: string): void {
    this.#sender.drop(client_message_id);
  }

  /** Applies a block or unblock, from a push or from the response to our own request. */
  blockChanged(block: Block): void {
    const wasClosed = this.state.get().conversation?.is_open === false;
    this.#advance((s) => steps.blockChanged(s, block));
    // During the block there were no pushes of presence and receipts; a join gets them.
    if (wasClosed && block.is_open) void this.#join();
  }

  /** @throws ParleyError */
  async edit(message_id: string, body: string): Promise<void> {
    await this.#call("edit_message", { message_id, body });
  }

  /** @throws ParleyError */
  async remove(message_id: string): Promise<void> {
    await this.#call("delete_message", { message_id });
  }

  /** @throws ParleyError */
  async loadOlder(): Promise<void> {
    const before_sequence = this.state.get().first;
    const page = await this.#fetch({ before_sequence, limit: 50 });
    this.#advance((s) => steps.pageAdded(s, page));
  }

  /** Whether the person sees the conversation; while they do, incoming entries count as read. */
  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (isVisible) void this.#reportPosition();
  }

  /** The text in the message box has changed. */
  inputChanged(hasText: boolean): void {
    clearTimeout(this.#typingIdleTimer);
    if (!hasText) {
      if (this.#typingSent_ms > 0) this.#sendTyping(false);
      return;
    }
    if (this.#now_ms() - this.#typingSent_ms >= TYPING_EVERY_MS) this.#sendTyping(true);
    this.#typingIdleTimer = setTimeout(() => this.#sendTyping(false), TYPING_IDLE_MS);
  }

  /** Applies a step to the state, then fetches and reports what the new state requires. */
  #advance(step: (state: ConversationState) => ConversationState): void {
    this.state.set(step(this.state.get()));
    if (!this.#isJoined) return;
    if (steps.missingAfter(this.state.get()) !== null) void this.#fetchMissing();
    void this.#reportPosition();
  }

  #entryReceived(entry: Entry): void {
    this.#advance((s) => steps.entriesAdded(s, [entry]));
    // The push of a block can be lost, its notice cannot; a join returns the current state.
    if (this.#isJoined && steps.contradicts(this.state.get(), entry)) void this.#join();
  }

  /** A head of another epoch is not comparable with ours: join again for the current state. */
  #headReceived(head: number, epoch: string | null): void {
    if (!isOtherEpoch(this.state.get().epoch, epoch)) this.#advance((s) => steps.headRaised(s, head));
    else if (this.#isJoined) void this.#join();
  }

  async #join(): Promise<void> {
    this.#isJoined = false;
    this.#joinRetry.cancel();
    const { dense, epoch } = this.state.get();
    const from = dense > 0 ? { after_sequence: dense, epoch } : {};
    try {
      const answer = await this.#options.gateway.join(this.#room, from);
      this.#isJoined = true;
      this.#joinRetry.reset();
      this.failure.set(null);
      this.#advance((s) => steps.joined(s, answer));
      void this.#sender.flush();
    } catch (thrown) {
      this.#onFailure(thrown, this.#joinRetry, () => void this.#join(), (error) => {
        this.failure.set(error);
        this.#sender.failWaiting(error);
      });
    }
  }

  /** Fetches pages until nothing is missing. */
  async #fetchMissing(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      for (;;) {
        const after_sequence = steps.missingAfter(this.state.get());
        if (after_sequence === null) break;
        const page = await this.#fetch({ after_sequence, limit: PAGE });
        this.state.set(steps.pageAdded(this.state.get(), page));
        if (this.state.get().dense === after_sequence) break; // Announced, but not readable yet.
      }
      if (steps.missingAfter(this.state.get()) === null) this.#fetchRetry.reset();
      else this.#fetchRetry.later(() => void this.#fetchMissing());
    } catch (thrown) {
      this.#onFailure(thrown, this.#fetchRetry, () => void this.#fetchMissing(), () => undefined);
    } finally {
      this.#isFetching = false;
    }
    void this.#reportPosition();
  }

  #sendRefused(error: ParleyError): void {
    const isNewBlock = error.code === "blocked" && this.state.get().conversation?.is_open === true;
    if (isNewBlock && this.#isJoined) void this.#join();
  }

  /** Reports the delivered or read position: one call at a time, always the latest position. */
  async #reportPosition(): Promise<void> {
    if (this.#isReporting || !this.#isJoined) return;
    this.#isReporting = true;
    try {
      for (let due = this.#position(); due !== null; due = this.#position()) {
        await this.#call(due.event, { sequence: due.sequence });
        const old = this.state.get().positions.get(this.#options.me);
        const read_sequence = due.event === "mark_read" ? due.sequence : (old?.read_sequence ?? 0);
        const moved = { account_id: this.#options.me, delivered_sequence: due.sequence, read_sequence };
        this.state.set(steps.positionMoved(this.state.get(), moved));
        if (due.event === "mark_read") this.#options.onRead?.(due.sequence);
      }
      this.#reportRetry.reset();
    } catch (thrown) {
      // A permanent error is not retried: the next entry or the next connection reports again.
      this.#onFailure(thrown, this.#reportRetry, () => void this.#reportPosition(), () => undefined);
    } finally {
      this.#isReporting = false;
    }
  }

  #position(): { event: "mark_read" | "mark_delivered"; sequence: number } | null {
    const { dense, positions } = this.state.get();
    const mine = positions.get(this.#options.me);
    if (this.#isVisible && dense > (mine?.read_sequence ?? 0)) {
      return { event: "mark_read", sequence: dense };
    }
    return dense > (mine?.delivered_sequence ?? 0) ? { event: "mark_delivered", sequence: dense } : null;
  }

  #typing(push: { account_id: string; is_typing: boolean }): void {
    const now_ms = this.#now_ms();
    this.#advance((s) => steps.typingChanged(s, push.account_id, push.is_typing, now_ms));
    clearTimeout(this.#typingExpiryTimer);
    this.#typingExpiryTimer = setTimeout(
      () => this.#advance((s) => steps.typingExpired(s, this.#now_ms())),
      steps.TYPING_TTL_MS + 50,
    );
  }

  #sendTyping(is_typing: boolean): void {
    clearTimeout(this.#typingIdleTimer);
    const wasSent = this.#typingSent_ms > 0;
    this.#typingSent_ms = is_typing ? this.#now_ms() : 0;
    if (is_typing || wasSent) this.#call("set_typing", { is_typing }).catch(() => undefined);
  }

  #fetch(from: { after_sequence?: number; before_sequence?: number; limit: number }) {
    const { gateway, conversation_id } = this.#options;
    return gateway.fetch({ conversation_id, ...from, epoch: this.state.get().epoch });
  }

  get #room(): `conversation:${string}` {
    return `conversation:${this.#options.conversation_id}`;
  }

  #call<N extends ConversationCall>(
    name: N,
    payload: Omit<Calls[N]["request"], "conversation_id">,
  ): Promise<Calls[N]["answer"]> {
    const { gateway, conversation_id } = this.#options;
    return gateway.call(name, { conversation_id, ...payload } as Calls[N]["request"]);
  }

  /**
   * Schedules a retry after a temporary error, or passes a permanent one to `onPermanent`. Returns whether
   * the error was permanent.
   */
  #onFailure(
    thrown: unknown,
    retry: Retry,
    attempt: () => void,
    onPermanent: (error: ParleyError) => void,
  ): boolean {
    const error = asParleyError(thrown);
    if (!error.is_temporary) onPermanent(error);
    // Without a connection, schedule nothing: the next connection starts with a join.
    else if (this.#options.gateway.is_connected) retry.later(attempt, error.retry_after_ms);
    return !error.is_temporary;
  }
}
