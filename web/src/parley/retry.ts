/** Backoff between attempts: one timer, from half a second to ten seconds, reset after a success. */

const FIRST_MS = 500;
const MAX_MS = 10_000;

export class Retry {
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Schedules `work`; does nothing if work is already scheduled. */
  later(work: () => void, retry_after_ms?: number): void {
    if (this.#timer !== undefined) return;
    const grown_ms = Math.min(FIRST_MS * 2 ** this.#tries, MAX_MS) * (0.5 + Math.random() / 2);
    this.#tries += 1;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      work();
    }, retry_after_ms ?? grown_ms);
  }

  /** Resets the backoff after a success. */
  reset(): void {
    this.#tries = 0;
    this.cancel();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
