/**
 * Who is logged in here: tokens kept in sessionStorage, so that two tabs can be two people, and
 * refreshed once for all who ask.
 */

import { ParleyError } from "./errors";
import { Store } from "./store";
import type { Account, Tokens } from "./types";

export interface Session {
  account: Account;
  access_token: string;
  refresh_token: string;
  expires_at_ms: number;
}

/** Why nobody is logged in: nobody was, the person left, or the marketplace ended it. */
export interface SessionState {
  session: Session | null;
  has_ended: boolean;
}

export interface SessionOptions {
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** POST /v1/tokens/refresh. */
  refresh: (refresh_token: string) => Promise<Tokens>;
  now_ms?: () => number;
}

const KEY = "parley.session";
/** A token is renewed this long before it runs out, or at half its life if that is shorter. */
const MARGIN_MS = 60_000;
/** After a refresh that failed for a passing reason. */
const RETRY_MS = 5_000;

export class Sessions {
  readonly state: Store<SessionState>;
  readonly #options: SessionOptions;
  readonly #now_ms: () => number;
  #refreshing: Promise<Session> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#now_ms = options.now_ms ?? Date.now;
    this.state = new Store<SessionState>({ session: this.#read(), has_ended: false });
    this.#schedule();
  }

  get current(): Session | null {
    return this.state.get().session;
  }

  start(tokens: Tokens): Session {
    const session: Session = {
      account: tokens.account,
      access_token: tokens.access_token,
      refresh_token: tokens.refresh_token,
      expires_at_ms: this.#now_ms() + tokens.expires_in_s * 1000,
    };
    this.#options.storage.setItem(KEY, JSON.stringify(session));
    this.state.set({ session, has_ended: false });
    this.#schedule();
    return session;
  }

  /** Forgets the tokens. `has_ended` tells the person that it was not they who left. */
  end(has_ended = false): void {
    clearTimeout(this.#timer);
    this.#options.storage.removeItem(KEY);
    this.state.set({ session: null, has_ended });
  }

  /**
   * An access token that is good for a while; refreshes it first when it is not.
   *
   * @throws ParleyError `unauthenticated` when nobody is logged in or the marketplace ended it
   */
  async token(): Promise<string> {
    const session = this.current;
    if (session === null) throw new ParleyError("unauthenticated", "Nobody is logged in.");
    if (session.expires_at_ms > this.#now_ms() + 5_000) return session.access_token;
    return (await this.refresh()).access_token;
  }

  /** Takes new tokens; many callers at once share one request, since a refresh token works once. */
  refresh(): Promise<Session> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<Session> {
    const session = this.current;
    if (session === null) throw new ParleyError("unauthenticated", "Nobody is logged in.");
    try {
      const tokens = await this.#options.refresh(session.refresh_token);
      if (this.current !== session) throw new ParleyError("unauthenticated", "Logged out meanwhile.");
      return this.start(tokens);
    } catch (thrown) {
      const isRefused = thrown instanceof ParleyError && !thrown.is_temporary;
      if (isRefused && this.current === session) this.end(true);
      throw thrown;
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const session = this.current;
    if (session === null) return;
    const left_ms = session.expires_at_ms - this.#now_ms();
    this.#refreshIn(Math.max(left_ms - MARGIN_MS, left_ms / 2, 0));
  }

  #refreshIn(delay_ms: number): void {
    this.#timer = setTimeout(() => {
      this.refresh().catch(() => {
        if (this.current !== null) this.#refreshIn(RETRY_MS);
      });
    }, delay_ms);
  }

  #read(): Session | null {
    try {
      const kept: unknown = JSON.parse(this.#options.storage.getItem(KEY) ?? "null");
      return isSession(kept) ? kept : null;
    } catch {
      return null;
    }
  }
}

function isSession(value: unknown): value is Session {
  if (typeof value !== "object" || value === null) return false;
  const session = value as Partial<Session>;
  return (
    typeof session.access_token === "string" &&
    typeof session.refresh_token === "string" &&
    typeof session.expires_at_ms === "number" &&
    typeof session.account?.id === "string"
  );
}
