/**
 * One error for whatever goes wrong between this page and the marketplace, over REST or the socket,
 * and the human words for each code.
 */

export interface FieldError {
  path: string;
  message: string;
}

interface Details {
  status?: number;
  is_temporary?: boolean;
  retry_after_ms?: number;
  errors?: FieldError[];
  request_id?: string;
}

export class ParleyError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  /** Whether the same request may succeed later. */
  readonly is_temporary: boolean;
  readonly retry_after_ms: number | undefined;
  readonly errors: readonly FieldError[];
  readonly request_id: string | undefined;

  constructor(code: string, message: string, details: Details = {}) {
    super(message);
    this.name = "ParleyError";
    this.code = code;
    this.status = details.status;
    this.is_temporary = details.is_temporary ?? false;
    this.retry_after_ms = details.retry_after_ms;
    this.errors = details.errors ?? [];
    this.request_id = details.request_id;
  }
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const whole = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

const TEMPORARY_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * The error of an HTTP answer. A body that is not RFC 9457 (a proxy's own page) still gets a code.
 *
 * @param retryAfter the header Retry-After, in seconds; an HTTP date is ignored
 */
export function errorFromProblem(
  status: number,
  body: unknown,
  retryAfter: string | null = null,
): ParleyError {
  const problem = isObject(body) ? body : {};
  const code = text(problem["code"]) ?? codeOfStatus(status);
  const message = text(problem["detail"]) ?? text(problem["title"]) ?? `HTTP ${status}`;
  const seconds = retryAfter === null || retryAfter === "" ? NaN : Number(retryAfter);
  const request_id = text(problem["request_id"]);
  return new ParleyError(code, message, {
    status,
    is_temporary: TEMPORARY_STATUSES.has(status) || code === "idempotency_key_in_use",
    ...(Number.isFinite(seconds) ? { retry_after_ms: seconds * 1000 } : {}),
    errors: fieldErrors(problem["errors"]),
    ...(request_id === undefined ? {} : { request_id }),
  });
}

/** The error of an acknowledgement `{ok: false, error: {code, message, temporary, retry_after_ms?}}`. */
export function errorFromAck(error: unknown): ParleyError {
  const told = isObject(error) ? error : {};
  const retry_after_ms = whole(told["retry_after_ms"]);
  return new ParleyError(text(told["code"]) ?? "internal", text(told["message"]) ?? "No reason given", {
    is_temporary: told["temporary"] === true,
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
    errors: fieldErrors(told["errors"]),
  });
}

/** Whatever was thrown, as a ParleyError. */
export function asParleyError(thrown: unknown): ParleyError {
  if (thrown instanceof ParleyError) return thrown;
  return new ParleyError("internal", thrown instanceof Error ? thrown.message : String(thrown));
}

function fieldErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown) => {
    const path = isObject(each) ? text(each["path"]) : undefined;
    const message = isObject(each) ? text(each["message"]) : undefined;
    return path === undefined || message === undefined ? [] : [{ path, message }];
  });
}

function codeOfStatus(status: number): string {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 412) return "stale_revision";
  if (status === 413) return "payload_too_large";
  if (status === 429) return "rate_limited";
  if (status === 502 || status === 503 || status === 504) return "unavailable";
  return status >= 500 ? "internal" : "malformed";
}

/** What happened and what to do about it; `null` where the server's own sentence says it best. */
const WORDS: Record<string, string | null> = {
  offline: "You seem to be offline. Check your connection; this page goes on by itself.",
  timed_out: "The answer took too long. Try again in a moment.",
  not_connected: "The live connection is down. It comes back by itself; try again in a moment.",
  connection_broken: "The connection broke while this was sent. Try again, or write it anew.",
  validation_failed: null,
  wrong_state: null,
  at_capacity: null,
  unauthenticated: "Your session has ended. Log in again.",
  token_expired: "Your session has ended. Log in again.",
  forbidden: "Your account may not do this.",
  not_found: "This does not exist, or it is not yours to see. Go back and open it from the list.",
  email_taken: "There is an account with this address already. Log in instead.",
  stale_revision: "Somebody changed this meanwhile. Look at what changed, then save again.",
  blocked: null,
  client_message_id_reused: "This message could not be sent again. Write it anew.",
  idempotency_key_in_use: "Your first try is still running. Wait a moment before trying again.",
  idempotency_key_reused: "This was sent before with other content. Reload the page and try again.",
  payload_too_large: "That is too large. Make it shorter and try again.",
  rate_limited: "That was a lot at once. Wait a few seconds and try again.",
  too_many_connections: "You have this page open in too many places. Close one; this one will follow.",
  too_many_rooms: "Too many conversations are open here. Close some of them.",
  draining: "The server is being replaced. This page reconnects by itself.",
  unavailable: "The marketplace is not reachable just now. Try again in a moment.",
  internal: "Something went wrong on our side. Try again; if it stays, tell support.",
};

/** The sentence a person sees for an error. */
export function explain(error: ParleyError): string {
  const sentence = WORDS[error.code] ?? error.message;
  const isOurs = error.code === "internal" && error.request_id !== undefined;
  return isOurs ? `${sentence} Reference: ${error.request_id}.` : sentence;
}
