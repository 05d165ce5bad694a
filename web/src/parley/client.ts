/**
 * Everything the page of a logged-in account needs, opened and closed together.
 *
 *   client ─▶ rest ─▶ http          REST, tokens refreshed by session
 *          ─▶ gateway               Socket.IO
 *          ─▶ inbox ─▶ live-list    conversations with unread counts
 *   conversation-client ─▶ conversation (pure)      rfi-client ─▶ rfi-feed (pure)
 *          └▶ message-sender ─▶ outgoing (pure), unsent-store: unsent messages, stored in the browser
 */

import { ConversationClient } from "./conversation-client";
import { Draft } from "./drafts";
import { Gateway } from "./gateway";
import type { Fetch } from "./http";
import { Inbox } from "./inbox";
import { LiveList } from "./live-list";
import { Rest } from "./rest";
import { RfiClient } from "./rfi-client";
import type { Sessions } from "./session";
import { Store } from "./store";
import type { UnsentStore } from "./unsent-store";
import type { Account, Category, PushName, ReportReason } from "./types";

/** This many visited conversations stay in memory, with their entries and unsent messages. */
const MAX_CONVERSATIONS = 50;

export class Client {
  readonly me: Account;
  /** The API's origin; empty if it is the page's own. */
  readonly origin: string;
  readonly rest: Rest;
  readonly gateway: Gateway;
  readonly inbox: Inbox;
  readonly categories: LiveList<Category>;
  /** The ids of the messages reported since the log-in. */
  readonly reported = new Store<ReadonlySet<string>>(new Set());
  readonly #unsentStore: UnsentStore;
  readonly #drafts = new Map<string, Draft>();
  readonly #cleanups: (() => void)[] = [];
  readonly #conversations = new Map<string, ConversationClient>();

  constructor(fetch: Fetch, origin: string, sessions: Sessions, me: Account, unsentStore: UnsentStore) {
    this.me = me;
    this.#unsentStore = unsentStore;
    this.origin = origin;
    this.rest = new Rest(fetch, origin, sessions);
    this.gateway = new Gateway(origin, sessions);
    this.inbox = new Inbox(this.gateway, this.rest, me.id);
    this.categories = new LiveList(() => this.rest.categories(), this.gateway, []);
  }

  open(): void {
    this.#unsentStore.open();
    this.gateway.open();
    this.inbox.open();
    this.categories.open();
    this.#cleanups.push(this.gateway.onConnected(() => this.#adopt()));
    this.#adopt();
  }

  close(): void {
    for (const cleanUp of this.#cleanups.splice(0)) cleanUp();
    this.#unsentStore.close();
    this.categories.close();
    this.inbox.close();
    this.gateway.close();
  }

  /** The client of a conversation; there is one, so that a page opened again finds the same state. */
  conversation(conversation_id: string): ConversationClient {
    const kept = this.#conversations.get(conversation_id);
    if (kept !== undefined) return kept;
    const made = new ConversationClient({
      gateway: this.gateway,
      conversation_id,
      me: this.me.id,
      unsentStore: this.#unsentStore,
      onRead: (sequence) => this.inbox.read(conversation_id, sequence),
    });
    this.#conversations.set(conversation_id, made);
    for (const [id, each] of this.#conversations) {
      if (this.#conversations.size <= MAX_CONVERSATIONS) break;
      if (each !== made && each.is_idle) this.#conversations.delete(id);
    }
    return made;
  }

  /** The draft with this name. */
  draft(name: string): Draft {
    const kept = this.#drafts.get(name) ?? new Draft(this.#unsentStore, name);
    this.#drafts.set(name, kept);
    return kept;
  }

  /** Takes over and sends the unsent messages of closed tabs, and of this tab before a reload. */
  #adopt(): void {
    this.#unsentStore.adopt((messages) => {
      for (const conversation_id of new Set(messages.map((each) => each.conversation_id))) {
        const theirs = messages.filter((each) => each.conversation_id === conversation_id);
        this.conversation(conversation_id).restore(theirs);
      }
    });
  }

  /**
   * Reports another participant's message to the admins.
   *
   * @throws ParleyError
   */
  async report(
    conversation_id: string,
    message_id: string,
    reason: ReportReason,
    details: string,
  ): Promise<void> {
    await this.rest.reportMessage(conversation_id, message_id, reason, details);
    this.reported.set(new Set(this.reported.get()).add(message_id));
  }

  rfi(rfi_id: string): RfiClient {
    return new RfiClient({ gateway: this.gateway, rest: this.rest, rfi_id });
  }

  list<T>(read: () => Promise<T[]>, names: readonly PushName[]): LiveList<T> {
    return new LiveList(read, this.gateway, names);
  }
}
