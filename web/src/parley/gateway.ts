/**
 * The Socket.IO connection: acknowledged calls, pushes by name, the rooms held open, and a
 * connection that comes back by itself with a fresh token.
 */

import { io, type Socket } from "socket.io-client";
import type { Numbered } from "./epochs";
import { asParleyError, errorFromAck, ParleyError } from "./errors";
import type { Sessions } from "./session";
import { Store } from "./store";
import type { CallName, Calls, EntryPage, PushName, Pushes } from "./types";
import { wellFormed } from "./well-formed";

export type Connection = "connecting" | "connected" | "reconnecting";

/** The gateway answers within 20 s, whatever happens behind it. */
export const CALL_TIMEOUT_MS = 22_000;
/** A process that goes away sends its apps off one by one: at another one there is room at once. */
const ELSEWHERE_WITHIN_MS = 250;
const TRIES_ELSEWHERE = 3;
/** After a refusal that Socket.IO does not retry by itself: first and longest wait. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * A room is left this long after the last part of the page let it go: going from one page to the
 * next often lets go and takes up the same room within a moment.
 */
const LEAVE_AFTER_MS = 1_000;

type Listener = (payload: unknown) => void;
type Reached = (room: string, head: number, epoch: string | null) => void;
type Left = (room: string) => void;
/** What a join of each kind of room takes besides the room, and is answered. */
interface Joins {
  conversation: Calls["join_conversation"]["answer"];
  rfi: Calls["join_rfi"]["answer"];
}
type Room<K extends keyof Joins> = `${K}:${string}`;

export class Gateway {
  readonly connection = new Store<Connection>("connecting");
  readonly #socket: Socket;
  readonly #sessions: Sessions;
  readonly #onConnected = new Set<() => void>();
  readonly #onReached = new Set<Reached>();
  readonly #onLeft = new Set<Left>();
  readonly #held = new Map<string, number>();
  readonly #leaving = new Map<string, Promise<unknown>>();
  #refusals = 0;
  /** Why the gateway is about to close this connection, when it said so. */
  #closing: ParleyError | null = null;
  #token = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  /** Whether the last connection was closed from outside, without a reason that would explain it. */
  #hasBroken = false;

  constructor(origin: string, sessions: Sessions) {
    this.#sessions = sessions;
    this.#socket = io(origin, {
      path: "/socket.io",
      // Websocket first: one request instead of three; polling where a proxy refuses websockets.
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 8_000,
      auth: (give) => {
        sessions.token().then(
          (token) => this.#present(token, give),
          () => this.#present(sessions.current?.access_token ?? "", give),
        );
      },
    });
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("disconnect", (reason) => this.#disconnected(reason));
    this.#socket.on("connect_error", (error) => this.#refused(error));
    this.#socket.on("session.expiring", () => void this.#renew());
    this.#socket.on("gap", (push: Pushes["gap"] & Numbered) => {
      this.#reached(push.room, push.head, push);
    });
    this.#socket.on("room.left", ({ room }: Pushes["room.left"]) => this.#left(room));
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
   * One acknowledged call.
   *
   * @throws ParleyError what the gateway answered; `not_connected`, `timed_out`: nobody knows whether
   *     it was done, and calls are made so that doing them again is safe; `connection_broken`: the
   *     other end closed the connection during the call and did not say why
   */
  async call<N extends CallName>(name: N, payload: Calls[N]["request"]): Promise<Calls[N]["answer"]> {
    // Socket.IO would keep the call and send it after the reconnect, before the rooms are joined.
    if (!this.#socket.connected) throw notConnected();
    let answer: unknown;
    try {
      answer = await this.#socket.timeout(CALL_TIMEOUT_MS).emitWithAck(name, wellFormed(payload));
    } catch {
      if (!this.#socket.connected) throw this.#hasBroken ? connectionBroken() : notConnected();
      throw new ParleyError("timed_out", "No acknowledgement in time.", { is_temporary: true });
    }
    const told = (answer ?? {}) as { ok?: unknown; error?: unknown };
    if (told.ok !== true) throw errorFromAck(told.error);
    return answer as Calls[N]["answer"];
  }

  /**
   * Joins a room (`conversation:<id>`, `rfi:<id>`), or joins it again from where the caller is.
   *
   * A connection is in a room once, and pushes go on behind its latest join. So the head that one
   * part of the page was answered is told to all that follow the room, who fetch what they lack.
   */
  async join<K extends keyof Joins>(room: Room<K>, from: object): Promise<Joins[K]> {
    // Calls are carried out side by side: a leave still on its way could undo this join.
    await this.#leaving.get(room);
    const [kind, id] = partsOf(room);
    const answer =
      kind === "rfi"
        ? await this.#numbered("join_rfi", { rfi_id: id, ...from })
        : await this.#numbered("join_conversation", { conversation_id: id, ...from });
    this.#reached(room, "head" in answer ? answer.head : answer.revision, answer as Numbered);
    return answer as Joins[K];
  }

  /** A page of a conversation's entries. */
  fetch(from: Calls["fetch_entries"]["request"] & Numbered): Promise<EntryPage> {
    return this.#numbered("fetch_entries", from);
  }

  /** A gateway of the release before knows no epoch and refuses it: there the number has to do. */
  async #numbered<N extends "join_rfi" | "join_conversation" | "fetch_entries">(
    name: N,
    { epoch, ...from }: Calls[N]["request"] & Numbered,
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

  /** Calls back with a room, the number it has reached, and its epoch: by a push `gap` or a join. */
  onReached(handler: Reached): () => void {
    this.#onReached.add(handler);
    return () => this.#onReached.delete(handler);
  }

  /** Calls back with a room that this account may no longer be in. */
  onLeft(handler: Left): () => void {
    this.#onLeft.add(handler);
    return () => this.#onLeft.delete(handler);
  }

  on<N extends PushName>(name: N, handler: (payload: Pushes[N]) => void): () => void {
    const event: string = name;
    this.#socket.on(event, handler as Listener);
    return () => this.#socket.off(event, handler as Listener);
  }

  /** Calls back at each connection, the first and every later one, and at once if there is one. */
  onConnected(handler: () => void): () => void {
    this.#onConnected.add(handler);
    if (this.is_connected) handler();
    return () => this.#onConnected.delete(handler);
  }

  /** Says that a part of the page is in a room, which is left when the last one releases it. */
  hold(room: string): () => void {
    this.#held.set(room, (this.#held.get(room) ?? 0) + 1);
    return () => this.#release(room);
  }

  #release(room: string): void {
    const left = (this.#held.get(room) ?? 1) - 1;
    if (left > 0) {
      this.#held.set(room, left);
      return;
    }
    this.#held.delete(room);
    setTimeout(() => this.#held.has(room) || this.#leave(room), LEAVE_AFTER_MS);
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

  #reached(room: string, head: number, { epoch = null }: Numbered): void {
    for (const handler of this.#onReached) handler(room, head, epoch);
  }

  #left(room: string): void {
    for (const handler of this.#onLeft) handler(room);
  }

  #present(token: string, give: (auth: { token: string }) => void): void {
    this.#token = token;
    give({ token });
  }

  #connected(): void {
    this.#refusals = 0;
    this.#closing = null;
    this.connection.set("connected");
    for (const handler of this.#onConnected) handler();
  }

  #disconnected(reason: string): void {
    // A browser that is offline has cut the connection itself.
    const isOffline = globalThis.navigator?.onLine === false;
    this.#hasBroken = BREAKS.has(reason) && this.#closing === null && !isOffline;
    if (this.#isClosed) return;
    this.connection.set("reconnecting");
    // Socket.IO comes back by itself except where the server closed the connection. Where it said
    // why, the reason tells better than Socket.IO when and how to come back.
    if (this.#closing !== null) {
      this.#socket.disconnect();
      this.#comeBack(this.#closing);
    } else if (reason === "io server disconnect") this.#comeBack(null);
  }

  #refused(error: Error): void {
    if (this.#isClosed) return;
    if (this.connection.get() === "connected") this.connection.set("reconnecting");
    // An active socket retries by itself: the server was not reached. Otherwise it refused us.
    if (!this.#socket.active) this.#comeBack(refusalOf(error));
  }

  /** Connects again after a growing wait; with new tokens when the old ones were the reason. */
  #comeBack(refusal: ParleyError | null): void {
    this.#refusals += 1;
    const wait_ms = this.#waitAfter(refusal);
    const needsTokens = refusal?.code === "token_expired" || refusal?.code === "unauthenticated";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const ready = needsTokens ? this.#sessions.refresh() : Promise.resolve();
      ready.then(
        () => this.#isClosed || this.#socket.connect(),
        () => this.#isClosed || this.#sessions.current === null || this.#comeBack(refusal),
      );
    }, wait_ms);
  }

  #waitAfter(refusal: ParleyError | null): number {
    const isElsewhere = refusal?.code === "draining" && this.#refusals <= TRIES_ELSEWHERE;
    const grown_ms = Math.min(FIRST_WAIT_MS * 2 ** (this.#refusals - 1), LONGEST_WAIT_MS);
    const least_ms = refusal?.retry_after_ms ?? 0;
    if (isElsewhere) return least_ms + Math.random() * ELSEWHERE_WITHIN_MS;
    // Not before the time it was told; spread, so that not all who wait come at once.
    return Math.max(least_ms, grown_ms / 2) + (Math.random() * grown_ms) / 2;
  }

  /** The token of this connection runs out: a newer one, and a connection made with it. */
  async #renew(): Promise<void> {
    try {
      const isOld = this.#sessions.current?.access_token === this.#token;
      if (isOld) await this.#sessions.refresh();
    } catch {
      return; // Refused: the session has ended. Unreachable: the server closes, and we come back.
    }
    if (this.#isClosed) return;
    this.connection.set("reconnecting");
    this.#socket.disconnect().connect();
  }
}

/** `conversation:abc` is of the kind `conversation` with the id `abc`. */
function partsOf(room: string): [kind: string, id: string] {
  const colon = room.indexOf(":");
  return [room.slice(0, colon), room.slice(colon + 1)];
}

/** Socket.IO's reasons; the others are our own doing, or a network that has gone silent. */
const BREAKS: ReadonlySet<string> = new Set([
  "io server disconnect",
  "parse error",
  "transport close",
  "transport error",
]);

const connectionBroken = (): ParleyError =>
  new ParleyError("connection_broken", "The connection broke during the call.", {
    is_temporary: true,
  });

const notConnected = (): ParleyError =>
  new ParleyError("not_connected", "There is no connection.", { is_temporary: true });

function refusalOf(error: Error & { data?: unknown }): ParleyError {
  const data = (error.data ?? {}) as Record<string, unknown>;
  return errorFromAck({ message: error.message, temporary: true, ...data });
}
