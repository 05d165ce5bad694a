/** A random id, 128 bits in hex. Unlike `crypto.randomUUID`, it works on plain HTTP pages. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
