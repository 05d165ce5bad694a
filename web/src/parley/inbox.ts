/**
 * A live list of the account's conversations with unread counts. Each is joined at its head: no entry
 * is sent twice.
 */

import { ENTRY_PUSHES, entryOfPush } from "./conversation";
import { isOtherEpoch } from "./epochs";
import type { Gateway } from "./gateway";
import { type ListState, LiveList } from "./live-list";
import type { Rest } from "./rest";
import { Store } from "./store";
import type { Entry, ListedConversation } from "./types";

/** Rooms are limited per connection: only the newest conversations are joined. */
const MAX_JOINED = 30;
/** The server's limit for unread counts; shown as "99+". */
const MAX_UNREAD = 100;

export class Inbox {
  readonly state: Store<ListState<ListedConversation>>;
  readonly #gateway: Gateway;
  readonly #me: string;
  readonly #list: LiveList<ListedConversation>;
  readonly #cleanups: (() => void)[] = [];
  readonly #epochs = new Map<string, string>();
  readonly #releases = new Map<string, () => void>();
  #joined = new Set<string>();

  constructor(gateway: Gateway, rest: Rest, me: string) {
    this.#gateway = gateway;
    this.#me = me;
    this.#list = new LiveList(() => rest.conversations(), gateway, [
      "match.updated",
      "notification.created",
      "conversation.updated",
    ]);
    this.state = this.#list.state;
  }

  open(): void {
    for (const name of ENTRY_PUSHES) {
      this.#cleanups.push(
        this.#gateway.on(name, (push) => this.#entryReceived(push.conversation_id, entryOfPush(name, push))),
      );
    }
    this.#cleanups.push(
      this.#gateway.on("receipt.updated", (push) => {
        if (push.account_id === this.#me) this.read(push.conversation_id, push.read_sequence);
      }),
      this.#gateway.onHead((room, head, epoch) => this.#headReceived(room, head, epoch)),
      this.#gateway.onConnected(() => {
        this.#joined = new Set();
        void this.#join();
      }),
      this.state.subscribe(() => void this.#join()),
    );
    this.#list.open();
  }

  close(): void {
    this.#list.close();
    for (const cleanUp of this.#cleanups.splice(0)) cleanUp();
    for (const release of this.#releases.values()) release();
    this.#releases.clear();
  }

  reload = (): Promise<void> => this.#list.reload();

  /** Records that the account has read a conversation up to a sequence. */
  read(conversation_id: string, sequence: number): void {
    this.#update(conversation_id, (each) => ({
      ...each,
      read_sequence: Math.max(each.read_sequence, sequence),
      unread: sequence >= each.head ? 0 : Math.min(each.unread, each.head - sequence),
    }));
  }

  #entryReceived(conversation_id: string, entry: Entry): void {
    const isKnown = this.state.get().items?.some((each) => each.id === conversation_id);
    if (isKnown === false) void this.reload();
    const isMine = entry.kind !== "notice" && entry.sender_id === this.#me;
    // As on the server: others' messages count; edits, deletions and notices do not.
    this.#update(conversation_id, (each) => ({
      ...each,
      head: Math.max(each.head, entry.sequence),
      unread:
        entry.kind === "message" && !isMine && entry.sequence > each.head
          ? Math.min(MAX_UNREAD, each.unread + 1)
          : each.unread,
    }));
    if (isMine && entry.kind === "message") this.read(conversation_id, entry.sequence);
    // Only the server knows whether the deleted message had been read.
    if (entry.kind === "deletion" && !isMine) void this.reload();
  }

  #headReceived(room: string, head: number, epoch: string | null): void {
    const found = this.state.get().items?.find((each) => roomOf(each.id) === room);
    if (found === undefined) return;
    const known = this.#epochs.get(room) ?? null;
    if (epoch !== null) this.#epochs.set(room, epoch);
    // In another epoch, the listed heads are not valid. Entries up to a higher head may be my own,
    // edits or notices, which do not count as unread: read the server's count.
    if (isOtherEpoch(known, epoch) || head > found.head) void this.reload();
  }

  #update(conversation_id: string, change: (each: ListedConversation) => ListedConversation): void {
    const { items, error } = this.state.get();
    const old = items?.find((each) => each.id === conversation_id);
    if (items === null || old === undefined) return;
    const changed = change(old);
    const isSame =
      changed.head === old.head &&
      changed.read_sequence === old.read_sequence &&
      changed.unread === old.unread;
    if (isSame) return;
    this.state.set({ items: items.map((each) => (each === old ? changed : each)), error });
  }

  /** Joins the listed conversations that are not joined on this connection, one after the other. */
  async #join(): Promise<void> {
    for (const { id, head } of (this.state.get().items ?? []).slice(0, MAX_JOINED)) {
      if (this.#joined.has(id) || !this.#gateway.is_connected) continue;
      const joined = this.#joined.add(id);
      if (!this.#releases.has(id)) this.#releases.set(id, this.#gateway.hold(roomOf(id)));
      try {
        await this.#gateway.join(roomOf(id), { after_sequence: head });
      } catch {
        joined.delete(id); // Retried after the next change of the list or the next connection.
      }
    }
  }
}

const roomOf = (conversation_id: string): `conversation:${string}` =>
  `conversation:${conversation_id}`;

/** The unread count of all conversations, for the badge in the navigation. */
export const totalUnread = (listed: ListState<ListedConversation>): number =>
  (listed.items ?? []).reduce((sum, each) => sum + each.unread, 0);
