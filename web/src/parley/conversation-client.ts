/**
 * Keeps one conversation true to the marketplace: joins and resumes by sequence, fetches what is
 * missing, reports what was read. What is sent goes by message-sender.ts.
 *
 *   gateway ──push, page──▶ conversation.ts (pure) ──Store──▶ the page
 *      ▲                                                        │
 *      └──────────── send, mark_read, set_typing ◀──────────────┘
 */

import * as rules from "./conversation";
import type { ConversationState } from "./conversation";
import { isOtherEpoch } from "./epochs";
import { asParleyError, type ParleyError } from "./errors";
import type { Gateway } from "./gateway";
import { MessageSender } from "./message-sender";
import { Retry } from "./retry";
import { Store } from "./store";
import type { KeptMessage, Texts } from "./texts";
import type { Block, CallName, Calls, Entry } from "./types";

export interface ConversationOptions {
  gateway: Pick<
    Gateway,
    "call" | "fetch" | "join" | "on" | "onConnected" | "onReached" | "hold" | "is_connected"
  >;
  conversation_id: string;
  /** My account's id. */
  me: string;
  /** Where messages are kept until they are sent; without it they are only on the screen. */
  texts?: Pick<Texts, "put" | "remove">;
  onRead?: (sequence: number) => void;
  now_ms?: () => number;
}

type ConversationCall = Exclude<CallName, "join_rfi" | "leave_rfi">;

const PAGE = 200;
/** "Is typing" is said again this often while keys are pressed, and taken back after this silence. */
const TYPING_EVERY_MS = 3_000;
const TYPING_IDLE_MS = 4_000;

export class ConversationClient {
  readonly state = new Store<ConversationState>(rules.EMPTY);
  /** Why the conversation cannot be opened, if it cannot. */
  readonly failure = new Store<ParleyError | null>(null);
  readonly #options: ConversationOptions;
  readonly #now_ms: () => number;
  readonly #sender: MessageSender;
  readonly #undo: (() => void)[] = [];
  readonly #rejoin = new Retry();
  readonly #refetch = new Retry();
  readonly #report_again = new Retry();
  #isOpen = false;
  #isWanted = false;
  #isJoined = false;
  #isVisible = false;
  #isFetching = false;
  #isReporting = false;
  #typingSaid_ms = 0;
  #typingIdle: ReturnType<typeof setTimeout> | undefined;
  #typingFade: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#now_ms = options.now_ms ?? Date.now;
    this.#sender = new MessageSender({
      state: this.state,
      advance: (step) => this.#advance(step),
      conversation_id: options.conversation_id,
      texts: options.texts,
      send: async (message) => (await this.#call("send_message", message)).message,
      isReady: () => this.#isJoined,
      isConnected: () => options.gateway.is_connected,
      onRefused: (error) => this.#sendRefused(error),
      onIdle: () => this.#leaveWhenSent(),
      now_ms: this.#now_ms,
    });
  }

  /** Joins, and stays joined until it is closed. */
  open(): void {
    this.#isWanted = true;
    if (this.#isOpen) return;
    this.#isOpen = true;
    const { gateway, conversation_id } = this.#options;
    const isOurs = (push: { conversation_id: string }) => push.conversation_id === conversation_id;
    this.#undo.push(gateway.hold(this.#room));
    for (const name of rules.ENTRY_PUSHES) {
      const take = (push: Parameters<typeof rules.entryOfPush>[1]) => {
        if (isOurs(push)) this.#entered(rules.entryOfPush(name, push));
      };
      this.#undo.push(gateway.on(name, take));
    }
    this.#undo.push(
      gateway.on("receipt.updated", (push) => {
        if (isOurs(push)) this.#advance((s) => rules.positionMoved(s, push));
      }),
      gateway.on("typing.updated", (push) => {
        if (isOurs(push) && push.account_id !== this.#options.me) this.#typing(push);
      }),
      gateway.on("presence.updated", (push) => {
        if (!isOurs(push)) return;
        this.#advance((s) => rules.presenceChanged(s, push.account_id, push.is_active));
      }),
      gateway.on("conversation.updated", (push) => {
        if (isOurs(push)) this.blocked(push);
      }),
      gateway.onReached((reached, head, epoch) => {
        if (reached === this.#room) this.#reached(head, epoch);
      }),
      gateway.onConnected(() => void this.#join()),
    );
  }

  /** Leaves, once all that was written is sent: who goes to another page loses nothing. */
  close(): void {
    this.#isWanted = false;
    if (this.#typingSaid_ms > 0) this.#sayTyping(false);
    this.#leaveWhenSent();
  }

  /** Whether nothing is lost when this is forgotten. */
  get is_idle(): boolean {
    return !this.#isOpen && this.state.get().pending.length === 0;
  }

  #leaveWhenSent(): void {
    if (this.#isWanted || !this.#isOpen || this.#sender.isWaiting) return;
    this.#isOpen = false;
    for (const undo of this.#undo.splice(0)) undo();
    for (const retry of [this.#rejoin, this.#refetch, this.#report_again]) retry.cancel();
    this.#sender.cancel();
    clearTimeout(this.#typingIdle);
    clearTimeout(this.#typingFade);
    this.#isJoined = false;
  }

  /** Shows the message at once and sends it as soon as it can be; it is numbered when it was. */
  send(body: string): void {
    this.#sender.write(body);
    this.#sayTyping(false);
  }

  /** Sends what an earlier page left behind, also when no page shows this conversation. */
  restore(messages: readonly KeptMessage[]): void {
    const isShown = this.#isWanted;
    this.#sender.restore(messages);
    this.open();
    if (!isShown) this.close();
  }

  /** Sends a refused message again, under its old id. */
  retry(client_message_id: string): void {
    this.#sender.retry(client_message_id);
    if (!this.#isJoined && this.failure.get() !== null) void this.#join();
  }

  drop(client_message_id: string): void {
    this.#sender.drop(client_message_id);
  }

  /** The conversation was blocked or opened, as a push or the answer to my own request tells. */
  blocked(block: Block): void {
    const wasClosed = this.state.get().conversation?.is_open === false;
    this.#advance((s) => rules.blockChanged(s, block));
    // While it was blocked nothing was told of who is active and what they read; a join tells it.
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
    this.#advance((s) => rules.paged(s, page));
  }

  /** Whether a person looks at the conversation: what comes in then counts as read. */
  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (isVisible) void this.#report();
  }

  /** A key was pressed in the message box. */
  typed(hasText: boolean): void {
    clearTimeout(this.#typingIdle);
    if (!hasText) {
      if (this.#typingSaid_ms > 0) this.#sayTyping(false);
      return;
    }
    if (this.#now_ms() - this.#typingSaid_ms >= TYPING_EVERY_MS) this.#sayTyping(true);
    this.#typingIdle = setTimeout(() => this.#sayTyping(false), TYPING_IDLE_MS);
  }

  /** One step of the state; then whatever it asks for. */
  #advance(step: (state: ConversationState) => ConversationState): void {
    this.state.set(step(this.state.get()));
    if (!this.#isJoined) return;
    if (rules.missing(this.state.get()) !== null) void this.#fetchMissing();
    void this.#report();
  }

  #entered(entry: Entry): void {
    this.#advance((s) => rules.entered(s, [entry]));
    // The push that tells of a block can be lost, its notice is not; a join tells how things stand.
    if (this.#isJoined && rules.contradicts(this.state.get(), entry)) void this.#join();
  }

  /** A head of another epoch says nothing about ours: the join tells how the feed stands now. */
  #reached(head: number, epoch: string | null): void {
    if (!isOtherEpoch(this.state.get().epoch, epoch)) this.#advance((s) => rules.atLeast(s, head));
    else if (this.#isJoined) void this.#join();
  }

  async #join(): Promise<void> {
    this.#isJoined = false;
    this.#rejoin.cancel();
    const { dense, epoch } = this.state.get();
    const from = dense > 0 ? { after_sequence: dense, epoch } : {};
    try {
      const answer = await this.#options.gateway.join(this.#room, from);
      this.#isJoined = true;
      this.#rejoin.reset();
      this.failure.set(null);
      this.#advance((s) => rules.joined(s, answer));
      void this.#sender.flush();
    } catch (thrown) {
      this.#onFailure(thrown, this.#rejoin, () => void this.#join(), (error) => {
        this.failure.set(error);
        this.#sender.refuseAll(error);
      });
    }
  }

  /** Fetches page by page until nothing is missing. */
  async #fetchMissing(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      for (;;) {
        const after_sequence = rules.missing(this.state.get());
        if (after_sequence === null) break;
        const page = await this.#fetch({ after_sequence, limit: PAGE });
        this.state.set(rules.paged(this.state.get(), page));
        if (this.state.get().dense === after_sequence) break; // Told of, but not to be had yet.
      }
      if (rules.missing(this.state.get()) === null) this.#refetch.reset();
      else this.#refetch.later(() => void this.#fetchMissing());
    } catch (thrown) {
      this.#onFailure(thrown, this.#refetch, () => void this.#fetchMissing(), () => undefined);
    } finally {
      this.#isFetching = false;
    }
    void this.#report();
  }

  #sendRefused(error: ParleyError): void {
    const isNews = error.code === "blocked" && this.state.get().conversation?.is_open === true;
    if (isNews && this.#isJoined) void this.#join();
  }

  /** Tells how far this app has got; single file, and always the latest position. */
  async #report(): Promise<void> {
    if (this.#isReporting || !this.#isJoined) return;
    this.#isReporting = true;
    try {
      for (let due = this.#position(); due !== null; due = this.#position()) {
        await this.#call(due.event, { sequence: due.sequence });
        const old = this.state.get().positions.get(this.#options.me);
        const read_sequence = due.event === "mark_read" ? due.sequence : (old?.read_sequence ?? 0);
        const moved = { account_id: this.#options.me, delivered_sequence: due.sequence, read_sequence };
        this.state.set(rules.positionMoved(this.state.get(), moved));
        if (due.event === "mark_read") this.#options.onRead?.(due.sequence);
      }
      this.#report_again.reset();
    } catch (thrown) {
      // What is final is left alone: the next entry, or the next connection, reports again.
      this.#onFailure(thrown, this.#report_again, () => void this.#report(), () => undefined);
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
    this.#advance((s) => rules.typingChanged(s, push.account_id, push.is_typing, now_ms));
    clearTimeout(this.#typingFade);
    this.#typingFade = setTimeout(
      () => this.#advance((s) => rules.typingFaded(s, this.#now_ms())),
      rules.TYPING_TTL_MS + 50,
    );
  }

  #sayTyping(is_typing: boolean): void {
    clearTimeout(this.#typingIdle);
    const wasSaid = this.#typingSaid_ms > 0;
    this.#typingSaid_ms = is_typing ? this.#now_ms() : 0;
    if (is_typing || wasSaid) this.#call("set_typing", { is_typing }).catch(() => undefined);
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

  /** Plans another try for what may pass; hands on what will not. Returns whether it was final. */
  #onFailure(
    thrown: unknown,
    retry: Retry,
    again: () => void,
    onFinal: (error: ParleyError) => void,
  ): boolean {
    const error = asParleyError(thrown);
    if (!error.is_temporary) onFinal(error);
    // Without a connection there is nothing to plan: the next one starts with a join.
    else if (this.#options.gateway.is_connected) retry.later(again, error.retry_after_ms);
    return !error.is_temporary;
  }
}
