/** A lock across the tabs of a browser. */

/** A tab that has waited this long for the lock continues without it. */
const PATIENCE_MS = 20_000;

/**
 * Runs `work` while holding the lock `name`, which one tab at a time can hold. `hasWaited` says whether
 * another tab held it first.
 */
export type Alone = <T>(name: string, work: (hasWaited: boolean) => Promise<T>) => Promise<T>;

/** @param locks undefined if the page is not in a secure context; then there is no lock */
export function aloneBy(locks: LockManager | undefined): Alone {
  if (locks === undefined) return (_, work) => work(false);
  return async <T>(name: string, work: (hasWaited: boolean) => Promise<T>): Promise<T> => {
    let begun: { result: Promise<T> } | undefined;
    const begin = async (hasWaited: boolean): Promise<void> => {
      begun = { result: work(hasWaited) };
      // The caller gets the error from `result`; here it only releases the lock.
      await begun.result.catch(() => undefined);
    };
    await locks.request(name, { ifAvailable: true }, (lock) => (lock ? begin(false) : undefined));
    if (begun === undefined) {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      // The tab that holds the lock may be suspended.
      await locks.request(name, { signal }, () => begin(true)).catch(() => undefined);
    }
    return begun === undefined ? work(true) : begun.result;
  };
}
