/** The REST client: one method for each route that the page uses. */

import { ParleyError } from "./errors";
import { type Answer, type Fetch, type HttpRequest, send } from "./http";
import { newId } from "./ids";
import type { Sessions } from "./session";
import type {
  Block,
  Category,
  ListedConversation,
  Match,
  OwnVendor,
  Page,
  Quote,
  QuoteFigures,
  ReportReason,
  Revision,
  Rfi,
  RfiContent,
  Tokens,
} from "./types";

/** POST /v1/tokens. `totp` is the code of the second factor, if the account has one. */
export async function logIn(
  fetch: Fetch,
  origin: string,
  email: string,
  password: string,
  totp = "",
): Promise<Tokens> {
  const body = { email, password, ...(totp === "" ? {} : { totp }) };
  return (await send<Tokens>(fetch, origin, { method: "POST", path: "/v1/tokens", body })).body;
}

/** POST /v1/tokens/refresh. */
export async function refreshTokens(fetch: Fetch, origin: string, refresh_token: string): Promise<Tokens> {
  const path = "/v1/tokens/refresh";
  const request = { method: "POST", path, body: { refresh_token } } as const;
  return (await send<Tokens>(fetch, origin, request)).body;
}

/** POST /v1/password-resets. */
export async function requestPasswordReset(fetch: Fetch, origin: string, email: string): Promise<void> {
  await send(fetch, origin, { method: "POST", path: "/v1/password-resets", body: { email } });
}

/** POST /v1/password-resets/confirm. */
export async function resetPassword(
  fetch: Fetch,
  origin: string,
  token: string,
  password: string,
): Promise<void> {
  const body = { token, password };
  await send(fetch, origin, { method: "POST", path: "/v1/password-resets/confirm", body });
}

/** POST /v1/email-changes/undo. */
export async function undoEmailChange(fetch: Fetch, origin: string, token: string): Promise<void> {
  await send(fetch, origin, { method: "POST", path: "/v1/email-changes/undo", body: { token } });
}

const ATTEMPTS = 3;
const BACKOFF_MS = 400;
/** A longer wait fails immediately: a person is waiting at a button. */
const MAX_WAIT_MS = 3_000;
/** The limit when a list is read to its end. */
const MAX_PAGES = 10;

export class Rest {
  readonly #fetch: Fetch;
  readonly #origin: string;
  readonly #sessions: Sessions;

  constructor(fetch: Fetch, origin: string, sessions: Sessions) {
    this.#fetch = fetch;
    this.#origin = origin;
    this.#sessions = sessions;
  }

  logOut = () => this.#body<unknown>({ method: "DELETE", path: "/v1/tokens" });
  categories = () => this.#list<Category>("/v1/categories");

  rfis = () => this.#list<Rfi>("/v1/rfis");
  rfi = (id: string) => this.#get<Rfi>(`/v1/rfis/${segment(id)}`);
  createRfi = (content: RfiContent) => this.#create<Rfi>("/v1/rfis", content);
  // A change of an RFI sends the revision it is based on, and fails with `stale_revision` if that is
  // not the current one.
  submitRfi = (id: string, revision: number) =>
    this.#create<Rfi>(`/v1/rfis/${segment(id)}/submit`, undefined, revision);
  withdrawRfi = (id: string, revision: number) =>
    this.#create<Rfi>(`/v1/rfis/${segment(id)}/withdraw`, undefined, revision);
  reviseRfi = (id: string, revision: number, content: Partial<RfiContent>) =>
    this.#body<Rfi>({
      method: "PATCH",
      path: `/v1/rfis/${segment(id)}`,
      body: content,
      if_match: revision,
    });
  changes = (id: string, after_revision: number) =>
    this.#list<Revision>(`/v1/rfis/${segment(id)}/changes`, { after_revision });

  ownVendor = () => this.#get<OwnVendor>("/v1/vendors/me");
  rfiMatches = (rfi_id: string) => this.#list<Match>(`/v1/rfis/${segment(rfi_id)}/matches`);
  matches = () => this.#list<Match>("/v1/matches");
  acceptMatch = (id: string) =>
    this.#create<{ conversation_id: string }>(`/v1/matches/${segment(id)}/accept`);
  declineMatch = (id: string) => this.#create<unknown>(`/v1/matches/${segment(id)}/decline`, {});

  quotes = (rfi_id: string) => this.#list<Quote>(`/v1/rfis/${segment(rfi_id)}/quotes`);
  submitQuote = (rfi_id: string, figures: QuoteFigures) =>
    this.#create<Quote>(`/v1/rfis/${segment(rfi_id)}/quotes`, figures);
  /** Confirms the vendor's own quote for the revision of the RFI that it has read. */
  confirmQuote = (id: string, rfi_revision: number) =>
    this.#create<Quote>(`/v1/quotes/${segment(id)}/confirm`, { rfi_revision });
  /** Awards the quote as the customer saw it; fails with `stale_revision` if it has changed. */
  award = (rfi_id: string, revision: number, quote: Pick<Quote, "id" | "revision">) =>
    this.#create<unknown>(
      `/v1/rfis/${segment(rfi_id)}/award`,
      { quote_id: quote.id, quote_revision: quote.revision },
      revision,
    );

  conversations = () => this.#list<ListedConversation>("/v1/conversations");
  conversation = (id: string) => this.#get<ListedConversation>(`/v1/conversations/${segment(id)}`);
  // Both are idempotent, so both may be retried.
  block = (id: string) => this.#create<Block>(`/v1/conversations/${segment(id)}/block`);
  unblock = (id: string) =>
    withRetries(() =>
      this.#body<Block>({ method: "DELETE", path: `/v1/conversations/${segment(id)}/block` }),
    );
  /** `details` may be empty unless the reason is `other`. */
  reportMessage = (id: string, message_id: string, reason: ReportReason, details: string) =>
    this.#create<unknown>(`/v1/conversations/${segment(id)}/messages/${segment(message_id)}/report`, {
      reason,
      ...(details === "" ? {} : { details }),
    });

  /** Reads all items of a list, page by page. */
  async #list<T>(path: string, query: HttpRequest["query"] = {}): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const found = await this.#get<Page<T>>(path, { ...query, ...(cursor ? { cursor } : {}) });
      items.push(...found.items);
      if (!found.next_cursor) break;
      cursor = found.next_cursor;
    }
    return items;
  }

  #get<T>(path: string, query: HttpRequest["query"] = {}): Promise<T> {
    return withRetries(() => this.#body<T>({ method: "GET", path, query }));
  }

  /** A POST with one Idempotency-Key for all attempts, so that it takes effect once. */
  #create<T>(path: string, body?: unknown, if_match?: number): Promise<T> {
    const idempotency_key = newId();
    return withRetries(() =>
      this.#body<T>({
        method: "POST",
        path,
        idempotency_key,
        ...(body === undefined ? {} : { body }),
        ...(if_match === undefined ? {} : { if_match }),
      }),
    );
  }

  async #body<T>(request: HttpRequest): Promise<T> {
    return (await this.#authenticated<T>(request)).body;
  }

  /**
   * Sends a request with the access token; after a 401, refreshes the token once and sends it again.
   */
  async #authenticated<T>(request: HttpRequest): Promise<Answer<T>> {
    const token = await this.#sessions.token();
    try {
      return await send<T>(this.#fetch, this.#origin, { ...request, token });
    } catch (thrown) {
      if (!(thrown instanceof ParleyError) || thrown.status !== 401) throw thrown;
      const isStale = this.#sessions.current?.access_token !== token;
      const fresh = isStale ? await this.#sessions.token() : (await this.#sessions.refresh()).access_token;
      return send<T>(this.#fetch, this.#origin, { ...request, token: fresh });
    }
  }
}

/** Retries after temporary errors: three attempts within a few seconds. */
async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = thrown instanceof ParleyError ? thrown : null;
      const wait_ms = error?.retry_after_ms ?? BACKOFF_MS * 2 ** (tried - 1) * (0.5 + Math.random());
      if (!error?.is_temporary || tried === ATTEMPTS || wait_ms > MAX_WAIT_MS) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
}

const segment = encodeURIComponent;
