/** A form's fields. What the person has typed survives a reload and a log-out. */

import { useStore, useClient } from "./context";

export interface SavedFields<T> {
  fields: T;
  set: (changed: Partial<T>) => void;
  /** Resets to the initial values, after the form was sent or cancelled. */
  clear: () => void;
}

/** Saves only the changed fields, under `name`; the others follow the initial values. */
export function useSavedFields<T extends object>(name: string, initial: T): SavedFields<T> {
  const draft = useClient().draft(name);
  const changedByUser = changedFields<T>(useStore(draft.text));
  return {
    fields: { ...initial, ...changedByUser },
    // Read the draft again: two changes can happen before the next render.
    set: (changed) => draft.set(JSON.stringify({ ...changedFields<T>(draft.text.get()), ...changed })),
    clear: () => draft.set(""),
  };
}

function changedFields<T>(text: string): Partial<T> {
  try {
    const saved: unknown = JSON.parse(text);
    return typeof saved === "object" && saved !== null ? (saved as Partial<T>) : {};
  } catch {
    return {};
  }
}
