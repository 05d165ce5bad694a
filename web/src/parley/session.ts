/**
 * The tab's log-in. Two tabs can have two log-ins, but a duplicated tab shares the log-in of its
 * original: sessionStorage, which the browser copies, has the log-in's id, and localStorage has its
 * tokens, once for all its tabs. So the tokens are refreshed once for all of them.
 */

import type { TabLock } from "./tab-lock";
import { ParleyError } from "./errors";
import { newId } from "./ids";
import { Store } from "./store";
import type { Account, Tokens } from "./types";

export interface Session {
  account: Account;
  access_token: string;
  refresh_token: string;
  expires_at_ms: number;
}

/**
 * The current session. `has_ended`: the marketplace or another tab ended it, rather than a log-out in
 * this tab.
 */
export interface SessionState {
  session: Session | null;
  has_ended: boolean;
}

type KeyValues = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface SessionOptions {
  /** This tab's own storage. */
  tab: KeyValues;
  /** The storage that all tabs share. */
  shared: KeyValues;
  /** POST /v1/tokens/refresh. */
  refresh: (refresh_token: string) => Promise<Tokens>;
  tabLock: TabLock;
  now_ms?: () => number;
}

const KEY = "parley.session";
/** A token is refreshed this long before it expires, or at half its lifetime if that is later. */
const REFRESH_MARGIN_MS = 60_000;
/** The marketplace ends an unused log-in after this time at the latest. */
const LOGIN_LIFETIME_MS = 30 * 86_400_000;
/** Tokens written by another browser process become visible here within this time. */
const CHANGE_VISIBLE_WITHIN_MS = 1_000;
/** The wait after a refresh that failed with a temporary error. */
const RETRY_MS = 5_000;

export class Sessions {
  readonly state: Store<SessionState>;
  readonly #options: SessionOptions;
  readonly #now_ms: () => number;
  #login: string | null;
  #refreshing: Promise<Session> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#now_ms = options.now_ms ?? Date.now;
    this.#login = this.#loginOfTab();
    this.state = new Store<SessionState>({ session: this.#read(), has_ended: false });
    this.#schedule();
  }

  get current(): Session | null {
    return this.state.get().session;
  }

  /** Starts a new log-in, separate from those of other tabs. */
  start(tokens: Tokens): Session {
    this.#login = newId();
    write(this.#options.tab, KEY, this.#login);
    return this.#save(tokens);
  }

  /** Removes the tokens, for all tabs of the log-in. `has_ended`: the person did not log out here. */
  end(has_ended = false): void {
    clearTimeout(this.#timer);
    this.#options.shared.removeItem(this.#key);
    this.#options.tab.removeItem(KEY);
    this.#login = null;
    this.state.set({ session: null, has_ended });
  }

  /** Handles a change of the shared storage by another tab; a null key means all keys. */
  sharedStorageChanged(key: string | null): void {
    if (this.#login === null || (key !== null && key !== this.#key)) return;
    const session = this.#read();
    if (session === null) this.end(true);
    else this.#use(session);
  }

  /**
   * An access token that is valid for at least five seconds; refreshes it first if necessary.
   *
   * @throws ParleyError `unauthenticated` if nobody is logged in or the marketplace ended the session
   */
  async token(): Promise<string> {
    const session = this.current;
    if (session === null) throw loggedOut();
    if (this.#isValid(session)) return session.access_token;
    return (await this.refresh()).access_token;
  }

  /** Refreshes the tokens; concurrent callers, in all tabs of the log-in, share one request. */
  refresh(): Promise<Session> {
    const { tabLock } = this.#options;
    // Read before waiting for the lock: another tab may refresh the tokens in the meantime.
    const before = this.current;
    if (before === null) return Promise.reject(loggedOut());
    this.#refreshing ??= tabLock(this.#key, (hasWaited) => this.#refresh(before, hasWaited)).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refresh(before: Session, hasWaited: boolean): Promise<Session> {
    const login = this.#login;
    if (login === null) throw loggedOut();
    const hasChanged = () => this.#read()?.access_token !== before.access_token;
    // What another browser process has just written can take a moment to become visible.
    if (hasWaited && !hasChanged()) await this.#nextChange(CHANGE_VISIBLE_WITHIN_MS);
    if (this.#login !== login) throw loggedOut();
    const stored = this.#read() ?? before;
    if (stored.access_token !== before.access_token && this.#isValid(stored)) return this.#use(stored);
    try {
      const tokens = await this.#options.refresh(stored.refresh_token);
      if (this.#login !== login) throw loggedOut();
      return this.#save(tokens);
    } catch (thrown) {
      const isRefused = thrown instanceof ParleyError && !thrown.is_temporary;
      if (isRefused && this.#login === login) {
        // Without locks, another tab may have refreshed first.
        const now = this.#read();
        if (now !== null && now.refresh_token !== stored.refresh_token) return this.#use(now);
        this.end(true);
      }
      throw thrown;
    }
  }

  /** Waits for the next change of the tokens, at most `within_ms`. */
  #nextChange(within_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(done, within_ms);
      const unsubscribe = this.state.subscribe(done);
    });
  }

  #save(tokens: Tokens): Session {
    const session: Session = {
      account: tokens.account,
      access_token: tokens.access_token,
      refresh_token: tokens.refresh_token,
      expires_at_ms: this.#now_ms() + tokens.expires_in_s * 1000,
    };
    write(this.#options.shared, this.#key, JSON.stringify(session));
    return this.#use(session);
  }

  #use(session: Session): Session {
    this.state.set({ session, has_ended: false });
    this.#schedule();
    return session;
  }

  #isValid({ expires_at_ms }: Session): boolean {
    return expires_at_ms > this.#now_ms() + 5_000;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const session = this.current;
    if (session === null) return;
    const left_ms = session.expires_at_ms - this.#now_ms();
    this.#refreshIn(Math.max(left_ms - REFRESH_MARGIN_MS, left_ms / 2, 0));
  }

  #refreshIn(delay_ms: number): void {
    this.#timer = setTimeout(() => {
      this.refresh().catch(() => {
        if (this.current !== null) this.#refreshIn(RETRY_MS);
      });
    }, delay_ms);
  }

  get #key(): string {
    return `${KEY}.${this.#login}`;
  }

  /** The id of the tab's log-in. The previous release stored the tokens themselves in the tab. */
  #loginOfTab(): string | null {
    const { tab, shared } = this.#options;
    const stored = tab.getItem(KEY);
    if (stored === null || /^[0-9a-f]{32}$/.test(stored)) return stored;
    if (sessionIn(stored) === null) return null;
    const login = newId();
    write(shared, `${KEY}.${login}`, stored);
    write(tab, KEY, login);
    return login;
  }

  #read(): Session | null {
    return this.#login === null ? null : sessionIn(this.#options.shared.getItem(this.#key));
  }
}

/** Removes the tokens of tabs that were closed without a log-out, once they can no longer be used. */
export function removeExpired(shared: Storage, now_ms: number): void {
  for (const key of Object.keys(shared).filter((each) => each.startsWith(`${KEY}.`))) {
    const ended_ms = (sessionIn(shared.getItem(key))?.expires_at_ms ?? 0) + LOGIN_LIFETIME_MS;
    if (ended_ms < now_ms) shared.removeItem(key);
  }
}

const loggedOut = (): ParleyError => new ParleyError("unauthenticated", "Nobody is logged in.");

/**
 * Stores a value if the browser allows it; without storage, a log-in lasts until the page is
 * reloaded.
 */
function write(storage: KeyValues, key: string, value: string): void {
  try {
    storage.setItem(key, value);
  } catch {
    // The storage is full, or the browser's settings forbid it.
  }
}

function sessionIn(text: string | null): Session | null {
  try {
    const stored: unknown = JSON.parse(text ?? "null");
    return isSession(stored) ? stored : null;
  } catch {
    return null;
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
