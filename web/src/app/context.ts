/** The logged-in account's client, and hooks to follow its stores. */

import { createContext, use, useEffect, useMemo, useSyncExternalStore } from "react";
import type { Client } from "../parley/client";
import type { Store } from "../parley/store";

export const ClientContext = createContext<Client | null>(null);

/** `isLinkKept`: keep the current address, so that the next log-in continues there. */
export type LogOut = (options?: { isLinkKept?: boolean }) => void;

export const LogOutContext = createContext<LogOut>(() => undefined);

export function useClient(): Client {
  const client = use(ClientContext);
  if (client === null) throw new Error("useClient outside of a logged-in page");
  return client;
}

export const useStore = <T>(store: Store<T>): T => useSyncExternalStore(store.subscribe, store.get);

interface Opened {
  open(): void;
  close(): void;
}

/** A live object that is open while the component is mounted. `make` must be a useCallback. */
export function useOpened<T extends Opened>(make: () => T): T {
  const made = useMemo(() => make(), [make]);
  useEffect(() => {
    made.open();
    return () => made.close();
  }, [made]);
  return made;
}

/** Returns a function from a category's id to its name. */
export function useCategoryName(): (id: string) => string {
  const { items } = useStore(useClient().categories.state);
  return (id) => items?.find((each) => each.id === id)?.name ?? id;
}
