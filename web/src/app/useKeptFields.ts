/** The fields of a form, of which a reload or a log-out takes nothing that the person has typed. */

import { useStore, useClient } from "./context";

export interface KeptFields<T> {
  fields: T;
  set: (changed: Partial<T>) => void;
  /** Back to the initial values: what was typed is sent, or no longer wanted. */
  clear: () => void;
}

/** Only what was touched is kept under the name: the rest follows the initial values. */
export function useKeptFields<T extends object>(name: string, initial: T): KeptFields<T> {
  const draft = useClient().draft(name);
  const touched = touchedIn<T>(useStore(draft.text));
  return {
    fields: { ...initial, ...touched },
    // Read again: two changes can come before the page shows the first.
    set: (changed) => draft.set(JSON.stringify({ ...touchedIn<T>(draft.text.get()), ...changed })),
    clear: () => draft.set(""),
  };
}

function touchedIn<T>(text: string): Partial<T> {
  try {
    const kept: unknown = JSON.parse(text);
    return typeof kept === "object" && kept !== null ? (kept as Partial<T>) : {};
  } catch {
    return {};
  }
}
