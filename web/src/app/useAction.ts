/** Runs a button's or form's command: `isBusy` while it runs, `error` until the next attempt. */

import { useCallback, useState } from "react";
import { asParleyError, type ParleyError } from "../parley/errors";

export interface Action {
  isBusy: boolean;
  error: ParleyError | null;
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
}

export function useAction(): Action {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ParleyError | null>(null);
  const run = useCallback(async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (thrown) {
      setError(asParleyError(thrown));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  const clear = useCallback(() => setError(null), []);
  return { isBusy, error, run, clear };
}
