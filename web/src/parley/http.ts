/** One HTTP request to the marketplace: JSON bodies, a time-out, and errors as ParleyError. */

import { errorFromProblem, ParleyError } from "./errors";
import { wellFormed } from "./well-formed";

export interface HttpRequest {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  token?: string;
  /** The revision on which the change is based. */
  if_match?: number;
  idempotency_key?: string;
}

export interface Answer<T> {
  body: T;
  headers: Headers;
}

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export const TIMEOUT_MS = 15_000;

/** @throws ParleyError `offline`, `timed_out`, or the problem in the response */
export async function send<T>(fetch: Fetch, origin: string, request: HttpRequest): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (request.body !== undefined) headers["Content-Type"] = "application/json";
  if (request.token !== undefined) headers["Authorization"] = `Bearer ${request.token}`;
  if (request.if_match !== undefined) headers["If-Match"] = `"${request.if_match}"`;
  if (request.idempotency_key !== undefined) headers["Idempotency-Key"] = request.idempotency_key;
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(origin + request.path + queryOf(request.query), {
      method: request.method,
      headers,
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(request.body === undefined ? {} : { body: JSON.stringify(wellFormed(request.body)) }),
    });
    body = await jsonOf(response);
  } catch (thrown) {
    const isTimeout = thrown instanceof DOMException && thrown.name === "TimeoutError";
    throw isTimeout
      ? new ParleyError("timed_out", "No response in time.", { is_temporary: true })
      : new ParleyError("offline", "The server could not be reached.", { is_temporary: true });
  }
  if (!response.ok) {
    throw errorFromProblem(response.status, body, response.headers.get("Retry-After"));
  }
  return { body: body as T, headers: response.headers };
}

function queryOf(query: HttpRequest["query"]): string {
  const defined = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(defined.map(([name, value]) => [name, String(value)]));
  return defined.length > 0 ? `?${search.toString()}` : "";
}

/** The decoded body; null if it is empty or not JSON (such as a proxy's own page). */
async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
