/** A lock across the tabs of a browser. */

/** A tab that has waited this long for the lock continues without it. */
const MAX_WAIT_MS = 20_000;

/**
 * Runs `work` while holding the lock `name`, which one tab at a time can hold. `hasWaited` says whether
 * another tab held it first.
 */
export type TabLock = <T>(name: string, work: (hasWaited: boolean) => Promise<T>) => Promise<T>;

/** @param locks undefined if the page is not in a secure context; then there is no lock */
export function browserTabLock(locks: LockManager | undefined): TabLock {
  if (locks === undefined) return (_, work) => work(false);
  return async <T>(name: string, work: (hasWaited: boolean) => Promise<T>): Promise<T> => {
    let started: { result: Promise<T> } | undefined;
    const start = async (hasWaited: boolean): Promise<void> => {
      started = { result: work(hasWaited) };
      // The caller gets the error from `result`; here it only releases the lock.
      await started.result.catch(() => undefined);
    };
    await locks.request(name, { ifAvailable: true }, (lock) => (lock ? start(false) : undefined));
    if (started === undefined) {
      const signal = AbortSignal.timeout(MAX_WAIT_MS);
      // The tab that holds the lock may be suspended.
      await locks.request(name, { signal }, () => start(true)).catch(() => undefined);
    }
    return started === undefined ? work(true) : started.result;
  };
}
