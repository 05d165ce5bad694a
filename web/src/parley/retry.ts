/** Waits between tries: one timer, growing from half a second to ten, forgotten after a success. */

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

export class Retry {
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Runs `work` later; a call while one is planned changes nothing. */
  later(work: () => void, retry_after_ms?: number): void {
    if (this.#timer !== undefined) return;
    const grown_ms = Math.min(FIRST_MS * 2 ** this.#tries, LONGEST_MS) * (0.5 + Math.random() / 2);
    this.#tries += 1;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      work();
    }, retry_after_ms ?? grown_ms);
  }

  /** It worked: the next wait is a short one. */
  reset(): void {
    this.#tries = 0;
    this.cancel();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
