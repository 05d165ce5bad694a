/**
 * Makes text valid for every decoder. A field's length limit can cut an emoji in half, which leaves a
 * lone surrogate: a strict decoder refuses the whole body that contains it.
 */

/** The same value with U+FFFD for each lone surrogate in its strings, as `toWellFormed` does. */
export function wellFormed<T>(value: T): T {
  return mapped(value) as T;
}

function mapped(value: unknown): unknown {
  // With the flag `u`, a pair is one character, so only a lone surrogate matches.
  if (typeof value === "string") return value.replace(/\p{Surrogate}/gu, "\uFFFD");
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, mapped(part)]));
}
