/** One tab of a browser at a time. */

/** How long a tab waits for another before it goes on without its turn. */
const PATIENCE_MS = 20_000;

/**
 * Runs work of a name in one tab at a time.
 *
 * @param locks missing where the page is not served securely: there nobody waits
 */
export const aloneBy =
  (locks: LockManager | undefined) =>
  async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    if (locks === undefined) return work();
    let hasBegun = false;
    const begin = () => {
      hasBegun = true;
      return work();
    };
    try {
      return await locks.request(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, begin);
    } catch (thrown) {
      // The tab that has its turn may be asleep; what the work itself throws is the caller's.
      if (hasBegun) throw thrown;
      return work();
    }
  };
