/**
 * Stores unsent texts in this browser, for each account: waiting and refused messages, and drafts. They
 * survive a reload, a closed tab and a log-out, and only the account that wrote them can see them.
 *
 * A message belongs to the tab that wrote it. Each tab holds a lock while it is open. When the lock is
 * released, the tab is closed, and another tab of the account takes over its messages. So one tab at a
 * time shows and sends a message.
 */

import { newId } from "./ids";
import type { Pending } from "./outgoing";

/** A stored message. */
export interface StoredMessage {
  account_id: string;
  conversation_id: string;
  client_message_id: string;
  /** The tab that sends it. */
  tab_id: string;
  /** Increases with each message of a tab: messages are sent in the order they were written. */
  number: number;
  pending: Omit<Pending, "error"> & { error: { code: string; message: string } | null };
}

/** The store. Its methods never throw: a text that cannot be stored is only in memory. */
export interface UnsentStore {
  open(): void;
  close(): void;
  put(conversation_id: string, pending: Pending): void;
  remove(client_message_id: string): void;
  /** Hands over the messages of this account's closed tabs, now and when another tab closes. */
  adopt(take: (messages: StoredMessage[]) => void): void;
  draft(name: string): Promise<string>;
  setDraft(name: string, text: string): void;
}

type Owner = Pick<StoredMessage, "account_id" | "tab_id">;

const NAME = "parley";
const VERSION = 1;

export class BrowserUnsentStore implements UnsentStore {
  readonly #account_id: string;
  readonly #locks: LockManager | undefined;
  readonly #database: Promise<IDBDatabase | null>;
  #tab_id = newId();
  #number = 0;
  /** The number of each message of this tab, so that an update does not change the order. */
  readonly #numbers = new Map<string, number>();
  #release = (): void => undefined;
  #closing = new AbortController();
  readonly #awaitedTabs = new Set<string>();

  /** @param locks undefined if the page is not in a secure context; then no tab waits for another */
  constructor(factory: IDBFactory, locks: LockManager | undefined, account_id: string) {
    this.#account_id = account_id;
    this.#locks = locks;
    this.#database = opened(factory).catch(() => null);
  }

  open(): void {
    this.#tab_id = newId();
    this.#closing = new AbortController();
    const untilClosed = new Promise<void>((resolve) => (this.#release = resolve));
    void this.#locks?.request(lockOf(this.#tab_id), () => untilClosed);
  }

  close(): void {
    this.#closing.abort();
    this.#awaitedTabs.clear();
    this.#release();
  }

  put(conversation_id: string, pending: Pending): void {
    const { client_message_id, error } = pending;
    const number = this.#numbers.get(client_message_id) ?? this.#next();
    this.#numbers.set(client_message_id, number);
    const stored: StoredMessage = {
      account_id: this.#account_id,
      conversation_id,
      client_message_id,
      tab_id: this.#tab_id,
      number,
      pending: { ...pending, error: error && { code: error.code, message: error.message } },
    };
    void this.#writeAtOnce("messages", (store) => store.put(stored));
  }

  remove(client_message_id: string): void {
    const key = [this.#account_id, client_message_id];
    this.#numbers.delete(client_message_id);
    void this.#writeAtOnce("messages", (store) => store.delete(key));
  }

  adopt(take: (messages: StoredMessage[]) => void): void {
    void this.#all().then((all) => {
      const { signal } = this.#closing;
      for (const tab_id of new Set(all.map((each) => each.tab_id))) {
        if (tab_id === this.#tab_id || this.#awaitedTabs.has(tab_id)) continue;
        this.#awaitedTabs.add(tab_id);
        const takeOver = async () => {
          this.#awaitedTabs.delete(tab_id);
          const messages = await this.#takeOver(tab_id);
          if (messages.length > 0 && !signal.aborted) take(messages);
        };
        if (this.#locks === undefined) void takeOver();
        else this.#locks.request(lockOf(tab_id), { signal }, takeOver).catch(() => undefined);
      }
    });
  }

  async draft(name: string): Promise<string> {
    const key = [this.#account_id, name];
    const stored = await this.#read<{ text: string } | undefined>("drafts", (store) => store.get(key));
    return stored?.text ?? "";
  }

  setDraft(name: string, text: string): void {
    const account_id = this.#account_id;
    void this.#writeAtOnce("drafts", (store) =>
      text === "" ? store.delete([account_id, name]) : store.put({ account_id, name, text }),
    );
  }

  /**
   * Takes over a tab's messages in one transaction, so that only one of two competing tabs gets them.
   */
  async #takeOver(tab_id: string): Promise<StoredMessage[]> {
    const taken: StoredMessage[] = [];
    const isMine = (each: Owner) => each.account_id === this.#account_id && each.tab_id === tab_id;
    await this.#write("messages", (store) => {
      const all = store.getAll();
      all.onsuccess = () => {
        for (const message of (all.result as StoredMessage[]).filter(isMine)) {
          taken.push(message);
          this.#numbers.set(message.client_message_id, message.number);
          store.put({ ...message, tab_id: this.#tab_id });
        }
      };
    });
    return taken.toSorted((a, b) => a.number - b.number);
  }

  async #all(): Promise<StoredMessage[]> {
    const all = await this.#read<StoredMessage[]>("messages", (store) => store.getAll());
    return (all ?? []).filter((each) => each.account_id === this.#account_id);
  }

  async #read<T>(name: string, makeRequest: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
    const database = await this.#database;
    try {
      const request = makeRequest(database!.transaction(name).objectStore(name));
      return await new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error("unreadable"));
      });
    } catch {
      return undefined;
    }
  }

  /** The next number. It increases even if the clock is set back. */
  #next(): number {
    this.#number = Math.max(this.#number + 1, Date.now());
    return this.#number;
  }

  /** Makes one request and commits immediately, so that a reload right after it loses nothing. */
  #writeAtOnce(name: string, makeRequest: (store: IDBObjectStore) => IDBRequest): Promise<void> {
    return this.#write(name, (store) => {
      makeRequest(store);
      store.transaction.commit();
    });
  }

  /** Runs a transaction; returns when it has completed or failed. */
  async #write(name: string, work: (store: IDBObjectStore) => unknown): Promise<void> {
    const database = await this.#database;
    if (database === null) return;
    await new Promise<void>((resolve) => {
      try {
        const transaction = database.transaction(name, "readwrite");
        transaction.oncomplete = transaction.onabort = () => resolve();
        work(transaction.objectStore(name));
      } catch {
        resolve();
      }
    });
  }
}

const lockOf = (tab_id: string): string => `parley.tab.${tab_id}`;

function opened(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("messages", {
        keyPath: ["account_id", "client_message_id"],
      });
      request.result.createObjectStore("drafts", { keyPath: ["account_id", "name"] });
    };
    request.onsuccess = () => {
      const database = request.result;
      // A later release that changes the stores waits until this connection is closed.
      database.onversionchange = () => database.close();
      resolve(database);
    };
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}
