/**
 * Text as every decoder takes it. Half of an emoji, as a field's length limit can leave it behind, is no
 * character: a strict decoder refuses all of what it stands in.
 */

/** The same value with U+FFFD for each half of a pair that stands alone, as `toWellFormed` does. */
export function wellFormed<T>(value: T): T {
  return mapped(value) as T;
}

function mapped(value: unknown): unknown {
  // With the flag `u` a whole pair is one character, and only a lone half is a surrogate.
  if (typeof value === "string") return value.replace(/\p{Surrogate}/gu, "\uFFFD");
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, mapped(part)]));
}
