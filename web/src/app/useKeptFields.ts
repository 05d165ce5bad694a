/** A form's fields. What the person has typed survives a reload and a log-out. */

import { useStore, useClient } from "./context";

export interface KeptFields<T> {
  fields: T;
  set: (changed: Partial<T>) => void;
  /** Resets to the initial values, after the form was sent or cancelled. */
  clear: () => void;
}

/** Saves only the changed fields, under `name`; the others follow the initial values. */
export function useKeptFields<T extends object>(name: string, initial: T): KeptFields<T> {
  const draft = useClient().draft(name);
  const touched = touchedIn<T>(useStore(draft.text));
  return {
    fields: { ...initial, ...touched },
    // Read the draft again: two changes can happen before the next render.
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
