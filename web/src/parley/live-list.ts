/**
 * A list that is read again after each push that concerns it and after each connection. The pushes'
 * content is not used.
 */

import { asParleyError, type ParleyError } from "./errors";
import type { Gateway } from "./gateway";
import { Store } from "./store";
import type { PushName } from "./types";

export interface ListState<T> {
  /** null until the first answer. */
  items: readonly T[] | null;
  error: ParleyError | null;
}

/** Pushes within this time cause one read. */
const BURST_MS = 120;

export class LiveList<T> {
  readonly state = new Store<ListState<T>>({ items: null, error: null });
  readonly #read: () => Promise<T[]>;
  readonly #gateway: Pick<Gateway, "on" | "onConnected">;
  readonly #names: readonly PushName[];
  readonly #cleanups: (() => void)[] = [];
  #reading: Promise<void> | null = null;
  #isDue = false;
  #isOpen = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    read: () => Promise<T[]>,
    gateway: Pick<Gateway, "on" | "onConnected">,
    names: readonly PushName[],
  ) {
    this.#read = read;
    this.#gateway = gateway;
    this.#names = names;
  }

  open(): void {
    this.#isOpen = true;
    for (const name of this.#names) this.#cleanups.push(this.#gateway.on(name, () => this.#reloadSoon()));
    void this.reload();
    let isFirst = true;
    // If already connected, the read above is sufficient.
    this.#cleanups.push(this.#gateway.onConnected(() => isFirst || this.#reloadSoon()));
    isFirst = false;
  }

  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    for (const cleanUp of this.#cleanups.splice(0)) cleanUp();
  }

  /** Reads the list again; a call during a read causes another read after it. */
  reload(): Promise<void> {
    this.#isDue = true;
    this.#reading ??= this.#readWhileDue().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  #reloadSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.reload(), BURST_MS);
  }

  async #readWhileDue(): Promise<void> {
    while (this.#isDue && this.#isOpen) {
      this.#isDue = false;
      try {
        this.state.set({ items: await this.#read(), error: null });
      } catch (thrown) {
        this.state.set({ items: this.state.get().items, error: asParleyError(thrown) });
      }
    }
  }
}
