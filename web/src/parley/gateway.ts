/**
 * The Socket.IO connection: acknowledged calls, pushes by name, reference-counted rooms, and automatic
 * reconnects with a fresh token.
 */

import { io, type Socket } from "socket.io-client";
import type { WithEpoch } from "./epochs";
import { asParleyError, errorFromAck, ParleyError } from "./errors";
import type { Sessions } from "./session";
import { Store } from "./store";
import type { CallName, Calls, EntryPage, PushName, Pushes } from "./types";
import { wellFormed } from "./well-formed";

export type Connection = "connecting" | "connected" | "reconnecting";

/** The gateway answers within 20 s, even if a service that it needs is down. */
export const CALL_TIMEOUT_MS = 22_000;
/** A draining process disconnects its clients one by one, and another accepts them immediately. */
const DRAIN_JITTER_MS = 250;
const FAST_DRAIN_RETRIES = 3;
/** The first and the longest wait after a refusal that Socket.IO does not retry. */
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15_000;

/**
 * A room is left this long after its last release: a change of pages often releases a room and holds
 * it again immediately.
 */
const LEAVE_AFTER_MS = 1_000;

type Listener = (payload: unknown) => void;
type HeadListener = (room: string, head: number, epoch: string | null) => void;
type LeftListener = (room: string) => void;
/** The answer to a join, for each kind of room. */
interface JoinAnswers {
  conversation: Calls["join_conversation"]["answer"];
  rfi: Calls["join_rfi"]["answer"];
}
type Room<K extends keyof JoinAnswers> = `${K}:${string}`;

export class Gateway {
  readonly connection = new Store<Connection>("connecting");
  readonly #socket: Socket;
  readonly #sessions: Sessions;
  readonly #connectedListeners = new Set<() => void>();
  readonly #headListeners = new Set<HeadListener>();
  readonly #leftListeners = new Set<LeftListener>();
  readonly #holds = new Map<string, number>();
  readonly #leaving = new Map<string, Promise<unknown>>();
  #refusals = 0;
  /** The announced reason for which the gateway will close this connection. */
  #closing: ParleyError | null = null;
  #token = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  /** Whether the last connection was closed by the other end without an announced reason. */
  #wasClosedByPeer = false;

  constructor(origin: string, sessions: Sessions) {
    this.#sessions = sessions;
    this.#socket = io(origin, {
      path: "/socket.io",
      // Websocket first: one request instead of three. Polling if a proxy refuses websockets.
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 8_000,
      auth: (callback) => {
        sessions.token().then(
          (token) => this.#sendToken(token, callback),
          () => this.#sendToken(sessions.current?.access_token ?? "", callback),
        );
      },
    });
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("disconnect", (reason) => this.#disconnected(reason));
    this.#socket.on("connect_error", (error) => this.#refused(error));
    this.#socket.on("session.expiring", () => void this.#refreshAndReconnect());
    this.#socket.on("gap", (push: Pushes["gap"] & WithEpoch) => {
      this.#headReceived(push.room, push.head, push);
    });
    this.#socket.on("room.left", ({ room }: Pushes["room.left"]) => this.#roomLeft(room));
    this.#socket.on("connection.closing", ({ code }: Pushes["connection.closing"]) => {
      this.#closing = new ParleyError(code, "The connection is about to be closed.");
    });
  }

  open(): void {
    this.#isClosed = false;
    this.#socket.connect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket.disconnect();
  }

  get is_connected(): boolean {
    return this.#socket.connected;
  }

  /**
   * Sends a call and waits for its acknowledgement.
   *
   * @throws ParleyError the error in the acknowledgement; `not_connected` or `timed_out`: the outcome is
   *     unknown, and repeating the call is safe; `connection_broken`: the other end closed the
   *     connection during the call without a reason
   */
  async call<N extends CallName>(name: N, payload: Calls[N]["request"]): Promise<Calls[N]["answer"]> {
    // Socket.IO would queue the call and send it after the reconnect, before the rooms are joined.
    if (!this.#socket.connected) throw notConnected();
    let answer: unknown;
    try {
      answer = await this.#socket.timeout(CALL_TIMEOUT_MS).emitWithAck(name, wellFormed(payload));
    } catch {
      if (!this.#socket.connected) throw this.#wasClosedByPeer ? connectionBroken() : notConnected();
      throw new ParleyError("timed_out", "No acknowledgement in time.", { is_temporary: true });
    }
    const acknowledgement = (answer ?? {}) as { ok?: unknown; error?: unknown };
    if (acknowledgement.ok !== true) throw errorFromAck(acknowledgement.error);
    return answer as Calls[N]["answer"];
  }

  /**
   * Joins a room (`conversation:<id>`, `rfi:<id>`), or joins it again to resume at `from`.
   *
   * A connection is in a room once, and pushes continue after its latest join. So the head in the
   * answer is reported to all parts of the page that follow the room; each fetches what it is missing.
   */
  async join<K extends keyof JoinAnswers>(room: Room<K>, from: object): Promise<JoinAnswers[K]> {
    // The gateway runs calls concurrently: a leave in flight could undo this join.
    await this.#leaving.get(room);
    const [kind, id] = partsOf(room);
    const answer =
      kind === "rfi"
        ? await this.#callWithEpoch("join_rfi", { rfi_id: id, ...from })
        : await this.#callWithEpoch("join_conversation", { conversation_id: id, ...from });
    this.#headReceived(room, "head" in answer ? answer.head : answer.revision, answer as WithEpoch);
    return answer as JoinAnswers[K];
  }

  /** Fetches a page of a conversation's entries. */
  fetch(from: Calls["fetch_entries"]["request"] & WithEpoch): Promise<EntryPage> {
    return this.#callWithEpoch("fetch_entries", from);
  }

  /**
   * Sends the epoch too. A gateway of the previous release refuses that field: call again without it.
   */
  async #callWithEpoch<N extends "join_rfi" | "join_conversation" | "fetch_entries">(
    name: N,
    { epoch, ...from }: Calls[N]["request"] & WithEpoch,
  ): Promise<Calls[N]["answer"]> {
    const plain = from as Calls[N]["request"];
    if (epoch == null) return this.call(name, plain);
    try {
      return await this.call(name, { ...plain, epoch });
    } catch (thrown) {
      const { code, errors } = asParleyError(thrown);
      const isUnknown = code === "validation_failed" && errors.some(({ path }) => path === "epoch");
      if (!isUnknown) throw thrown;
      return this.call(name, plain);
    }
  }

  /**
   * Registers a listener for a room's head and epoch, from the push `gap` or the answer to a join.
   */
  onHead(handler: HeadListener): () => void {
    this.#headListeners.add(handler);
    return () => this.#headListeners.delete(handler);
  }

  /** Registers a listener for rooms that this account may no longer be in. */
  onLeft(handler: LeftListener): () => void {
    this.#leftListeners.add(handler);
    return () => this.#leftListeners.delete(handler);
  }

  on<N extends PushName>(name: N, handler: (payload: Pushes[N]) => void): () => void {
    const event: string = name;
    this.#socket.on(event, handler as Listener);
    return () => this.#socket.off(event, handler as Listener);
  }

  /** Registers a listener for each connection; calls it immediately if connected. */
  onConnected(handler: () => void): () => void {
    this.#connectedListeners.add(handler);
    if (this.is_connected) handler();
    return () => this.#connectedListeners.delete(handler);
  }

  /**
   * Counts a reference to a room; the room is left when the last one is released. Returns the
   * release.
   */
  hold(room: string): () => void {
    this.#holds.set(room, (this.#holds.get(room) ?? 0) + 1);
    return () => this.#release(room);
  }

  #release(room: string): void {
    const left = (this.#holds.get(room) ?? 1) - 1;
    if (left > 0) {
      this.#holds.set(room, left);
      return;
    }
    this.#holds.delete(room);
    setTimeout(() => this.#holds.has(room) || this.#leave(room), LEAVE_AFTER_MS);
  }

  #leave(room: string): void {
    const [kind, id] = partsOf(room);
    const leaving =
      kind === "rfi"
        ? this.call("leave_rfi", { rfi_id: id })
        : this.call("leave_conversation", { conversation_id: id });
    const left = leaving
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(room));
    this.#leaving.set(room, left);
  }

  #headReceived(room: string, head: number, { epoch = null }: WithEpoch): void {
    for (const handler of this.#headListeners) handler(room, head, epoch);
  }

  #roomLeft(room: string): void {
    for (const handler of this.#leftListeners) handler(room);
  }

  #sendToken(token: string, callback: (auth: { token: string }) => void): void {
    this.#token = token;
    callback({ token });
  }

  #connected(): void {
    this.#refusals = 0;
    this.#closing = null;
    this.connection.set("connected");
    for (const handler of this.#connectedListeners) handler();
  }

  #disconnected(reason: string): void {
    // A browser that is offline has closed the connection itself.
    const isOffline = globalThis.navigator?.onLine === false;
    this.#wasClosedByPeer = PEER_CLOSE_REASONS.has(reason) && this.#closing === null && !isOffline;
    if (this.#isClosed) return;
    this.connection.set("reconnecting");
    // Socket.IO reconnects unless the server closed the connection. If the server announced a reason,
    // it determines when and how to reconnect.
    if (this.#closing !== null) {
      this.#socket.disconnect();
      this.#reconnect(this.#closing);
    } else if (reason === "io server disconnect") this.#reconnect(null);
  }

  #refused(error: Error): void {
    if (this.#isClosed) return;
    if (this.connection.get() === "connected") this.connection.set("reconnecting");
    // An active socket could not reach the server and retries. Otherwise the server refused us.
    if (!this.#socket.active) this.#reconnect(refusalOf(error));
  }

  /** Reconnects after a growing wait; gets new tokens first if the old ones were the reason. */
  #reconnect(refusal: ParleyError | null): void {
    this.#refusals += 1;
    const wait_ms = this.#waitAfter(refusal);
    const needsTokens = refusal?.code === "token_expired" || refusal?.code === "unauthenticated";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const ready = needsTokens ? this.#sessions.refresh() : Promise.resolve();
      ready.then(
        () => this.#isClosed || this.#socket.connect(),
        () => this.#isClosed || this.#sessions.current === null || this.#reconnect(refusal),
      );
    }, wait_ms);
  }

  #waitAfter(refusal: ParleyError | null): number {
    const isFastRetry = refusal?.code === "draining" && this.#refusals <= FAST_DRAIN_RETRIES;
    const backoff_ms = Math.min(FIRST_WAIT_MS * 2 ** (this.#refusals - 1), MAX_WAIT_MS);
    const min_ms = refusal?.retry_after_ms ?? 0;
    if (isFastRetry) return min_ms + Math.random() * DRAIN_JITTER_MS;
    // At least the wait that the server asked for, with jitter so that clients do not return at once.
    return Math.max(min_ms, backoff_ms / 2) + (Math.random() * backoff_ms) / 2;
  }

  /** This connection's token is about to expire: gets a new one and reconnects with it. */
  async #refreshAndReconnect(): Promise<void> {
    try {
      const isCurrent = this.#sessions.current?.access_token === this.#token;
      if (isCurrent) await this.#sessions.refresh();
    } catch {
      return; // Refused: the session has ended. Unreachable: the server closes, and we reconnect.
    }
    if (this.#isClosed) return;
    this.connection.set("reconnecting");
    this.#socket.disconnect().connect();
  }
}

/** Splits `conversation:abc` into its kind `conversation` and its id `abc`. */
function partsOf(room: string): [kind: string, id: string] {
  const colon = room.indexOf(":");
  return [room.slice(0, colon), room.slice(colon + 1)];
}

/** Socket.IO's reasons for a close by the other end. Others are our own close or a silent network. */
const PEER_CLOSE_REASONS: ReadonlySet<string> = new Set([
  "io server disconnect",
  "parse error",
  "transport close",
  "transport error",
]);

const connectionBroken = (): ParleyError =>
  new ParleyError("connection_broken", "The connection was lost during the call.", {
    is_temporary: true,
  });

const notConnected = (): ParleyError =>
  new ParleyError("not_connected", "There is no connection.", { is_temporary: true });

function refusalOf(error: Error & { data?: unknown }): ParleyError {
  const data = (error.data ?? {}) as Record<string, unknown>;
  return errorFromAck({ message: error.message, temporary: true, ...data });
}
