/** The error class for every failure of REST or the socket, and the sentence shown for each code. */

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
  /** Whether the same request may succeed if it is sent again later. */
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
const finiteNumber = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

const TEMPORARY_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * The error in an HTTP response. If the body is not RFC 9457 (such as a proxy's own page), the code comes
 * from the status.
 *
 * @param retryAfter the header Retry-After in seconds; an HTTP date is ignored
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

/**
 * The error in an acknowledgement `{ok: false, error: {code, message, temporary, retry_after_ms?}}`.
 */
export function errorFromAck(error: unknown): ParleyError {
  const fields = isObject(error) ? error : {};
  const retry_after_ms = finiteNumber(fields["retry_after_ms"]);
  return new ParleyError(text(fields["code"]) ?? "internal", text(fields["message"]) ?? "No reason was given.", {
    is_temporary: fields["temporary"] === true,
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
    errors: fieldErrors(fields["errors"]),
  });
}

/** Converts any thrown value to a ParleyError. */
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

/** What happened and what to do, by code; `null` shows the server's own message. */
const SENTENCES: Record<string, string | null> = {
  offline: "You appear to be offline. This page reconnects automatically once you are back online.",
  timed_out: "That took too long. Try again in a moment.",
  not_connected: "The live connection is down and is being restored. Try again in a moment.",
  connection_broken: "The connection was lost while sending. Try again, or rewrite the message.",
  validation_failed: null,
  wrong_state: null,
  at_capacity: null,
  unauthenticated: "Your session has ended. Log in again.",
  token_expired: "Your session has ended. Log in again.",
  second_factor_required: "Enter the code of your authenticator app, or a recovery code.",
  invalid_code: "This code is wrong, was used or has expired. Enter a new one.",
  wrong_password: "The password is incorrect.",
  step_up_required: "Confirm your password first.",
  email_unverified: "Verify your email address first.",
  forbidden: "Your account is not allowed to do this.",
  not_found: "We could not find this, or you do not have access to it. Go back and open it from the list.",
  email_taken: "An account with this email address already exists. Log in instead.",
  stale_revision: "Someone else has changed this in the meantime. Review the changes, then save again.",
  blocked: null,
  client_message_id_reused: "This message could not be sent again. Write it as a new message.",
  idempotency_key_in_use: "Your first attempt is still in progress. Wait a moment before you try again.",
  idempotency_key_reused: "This was already sent with different content. Reload the page and try again.",
  payload_too_large: "This is too large. Shorten it and try again.",
  rate_limited: "You are going a little too fast. Wait a few seconds and try again.",
  too_many_connections: "This page is open in too many places. Close one, and this one will connect.",
  too_many_rooms: "You have too many conversations open. Close some of them.",
  draining: "The server is restarting. This page reconnects automatically.",
  unavailable: "The marketplace is temporarily unavailable. Try again in a moment.",
  internal: "Something went wrong on our side. Try again; if it keeps happening, contact support.",
};

/** The sentence that the page shows for an error. */
export function explain(error: ParleyError): string {
  const sentence = SENTENCES[error.code] ?? error.message;
  const isOurs = error.code === "internal" && error.request_id !== undefined;
  return isOurs ? `${sentence} Reference: ${error.request_id}.` : sentence;
}
