/**
 * What a person has written and the marketplace does not have yet, kept in this browser for each
 * account: messages that wait or were refused, and drafts. It outlives a reload, a closed tab and a
 * log-out, and only the account that wrote it sees it again.
 *
 * A message belongs to the tab that wrote it. Each tab holds a lock as long as it lives; when that is
 * free, the tab is gone, and another tab of the account takes its messages over. So a message shows
 * and goes out in one tab at a time.
 */

import { newId } from "./ids";
import type { Pending } from "./outgoing";

/** A message as it is kept. */
export interface KeptMessage {
  account_id: string;
  conversation_id: string;
  client_message_id: string;
  /** The tab that sees to it. */
  tab_id: string;
  /** Grows with each message of a tab: they go out in the order they were written. */
  number: number;
  pending: Omit<Pending, "error"> & { error: { code: string; message: string } | null };
}

/** Where texts are kept; nothing here throws: what cannot be kept is only on the screen. */
export interface Texts {
  open(): void;
  close(): void;
  put(conversation_id: string, pending: Pending): void;
  remove(client_message_id: string): void;
  /** Hands over the messages that tabs of this account left behind, now and as each one goes. */
  adopt(take: (messages: KeptMessage[]) => void): void;
  draft(name: string): Promise<string>;
  setDraft(name: string, text: string): void;
}

type Kept = Pick<KeptMessage, "account_id" | "tab_id">;

const NAME = "parley";
const VERSION = 1;

export class BrowserTexts implements Texts {
  readonly #account_id: string;
  readonly #locks: LockManager | undefined;
  readonly #database: Promise<IDBDatabase | null>;
  #tab_id = newId();
  #number = 0;
  /** Of each message that this tab sees to: one that is only marked stays in its place. */
  readonly #numbers = new Map<string, number>();
  #release = (): void => undefined;
  #gone = new AbortController();
  readonly #awaited = new Set<string>();

  /** @param locks missing where the page is not served securely; then no tab waits for another */
  constructor(factory: IDBFactory, locks: LockManager | undefined, account_id: string) {
    this.#account_id = account_id;
    this.#locks = locks;
    this.#database = opened(factory).catch(() => null);
  }

  open(): void {
    this.#tab_id = newId();
    this.#gone = new AbortController();
    const isOver = new Promise<void>((resolve) => (this.#release = resolve));
    void this.#locks?.request(lockOf(this.#tab_id), () => isOver);
  }

  close(): void {
    this.#gone.abort();
    this.#awaited.clear();
    this.#release();
  }

  put(conversation_id: string, pending: Pending): void {
    const { client_message_id, error } = pending;
    const number = this.#numbers.get(client_message_id) ?? this.#next();
    this.#numbers.set(client_message_id, number);
    const kept: KeptMessage = {
      account_id: this.#account_id,
      conversation_id,
      client_message_id,
      tab_id: this.#tab_id,
      number,
      pending: { ...pending, error: error && { code: error.code, message: error.message } },
    };
    void this.#writeAtOnce("messages", (store) => store.put(kept));
  }

  remove(client_message_id: string): void {
    const key = [this.#account_id, client_message_id];
    this.#numbers.delete(client_message_id);
    void this.#writeAtOnce("messages", (store) => store.delete(key));
  }

  adopt(take: (messages: KeptMessage[]) => void): void {
    void this.#all().then((all) => {
      const { signal } = this.#gone;
      for (const tab_id of new Set(all.map((each) => each.tab_id))) {
        if (tab_id === this.#tab_id || this.#awaited.has(tab_id)) continue;
        this.#awaited.add(tab_id);
        const takeOver = async () => {
          this.#awaited.delete(tab_id);
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
    const kept = await this.#read<{ text: string } | undefined>("drafts", (store) => store.get(key));
    return kept?.text ?? "";
  }

  setDraft(name: string, text: string): void {
    const account_id = this.#account_id;
    void this.#writeAtOnce("drafts", (store) =>
      text === "" ? store.delete([account_id, name]) : store.put({ account_id, name, text }),
    );
  }

  /** In one transaction, so that of two tabs that try one gets them. */
  async #takeOver(tab_id: string): Promise<KeptMessage[]> {
    const taken: KeptMessage[] = [];
    const isMine = (each: Kept) => each.account_id === this.#account_id && each.tab_id === tab_id;
    await this.#write("messages", (store) => {
      const all = store.getAll();
      all.onsuccess = () => {
        for (const message of (all.result as KeptMessage[]).filter(isMine)) {
          taken.push(message);
          this.#numbers.set(message.client_message_id, message.number);
          store.put({ ...message, tab_id: this.#tab_id });
        }
      };
    });
    return taken.toSorted((a, b) => a.number - b.number);
  }

  async #all(): Promise<KeptMessage[]> {
    const all = await this.#read<KeptMessage[]>("messages", (store) => store.getAll());
    return (all ?? []).filter((each) => each.account_id === this.#account_id);
  }

  async #read<T>(name: string, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
    const database = await this.#database;
    try {
      const request = ask(database!.transaction(name).objectStore(name));
      return await new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error("unreadable"));
      });
    } catch {
      return undefined;
    }
  }

  /** A clock that is set back does not turn the order of a tab's messages round. */
  #next(): number {
    this.#number = Math.max(this.#number + 1, Date.now());
    return this.#number;
  }

  /** One request, and no word from this page is waited for: a reload right after it loses nothing. */
  #writeAtOnce(name: string, ask: (store: IDBObjectStore) => IDBRequest): Promise<void> {
    return this.#write(name, (store) => {
      ask(store);
      store.transaction.commit();
    });
  }

  /** Returns when it is done or has failed. */
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
      // A later release changes the stores: it waits until this one lets go.
      database.onversionchange = () => database.close();
      resolve(database);
    };
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}
