/** Addresses behind the `#`, so that the page works from any static host: `#/rfis/…`. */

import { useSyncExternalStore } from "react";

const read = (): string => window.location.hash.replace(/^#/, "") || "/";

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

/** The parts of the address: `#/rfis/abc` is `["rfis", "abc"]`. */
export function useRoute(): string[] {
  const path = useSyncExternalStore(subscribe, read);
  return path.split("/").filter(Boolean).map(decodeURIComponent);
}

export const href = (...parts: string[]): string => `#/${parts.map(encodeURIComponent).join("/")}`;

export const go = (...parts: string[]): void => {
  window.location.hash = href(...parts);
};
