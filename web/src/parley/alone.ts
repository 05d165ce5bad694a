/** One tab of a browser at a time. */

/** How long a tab waits for another before it goes on without its turn. */
const PATIENCE_MS = 20_000;

/** Runs work of a name in one tab at a time; the work is told whether another tab had its turn first. */
export type Alone = <T>(name: string, work: (hasWaited: boolean) => Promise<T>) => Promise<T>;

/** @param locks missing where the page is not served securely: there nobody waits */
export function aloneBy(locks: LockManager | undefined): Alone {
  if (locks === undefined) return (_, work) => work(false);
  return async <T>(name: string, work: (hasWaited: boolean) => Promise<T>): Promise<T> => {
    let begun: { result: Promise<T> } | undefined;
    const begin = async (hasWaited: boolean): Promise<void> => {
      begun = { result: work(hasWaited) };
      // What the work throws is the caller's; here it only ends the turn.
      await begun.result.catch(() => undefined);
    };
    await locks.request(name, { ifAvailable: true }, (lock) => (lock ? begin(false) : undefined));
    if (begun === undefined) {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      // The tab that has its turn may be asleep.
      await locks.request(name, { signal }, () => begin(true)).catch(() => undefined);
    }
    return begun === undefined ? work(true) : begun.result;
  };
}
