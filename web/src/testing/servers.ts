/** Real servers on free local ports, with answers scripted by the test. */

import { createServer, type IncomingHttpHeaders, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import type { TabLock } from "../parley/tab-lock";
import { type SessionOptions, Sessions } from "../parley/session";
import type { Tokens } from "../parley/types";

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

export interface ScriptedAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

const listening = (server: HttpServer): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });

/** An HTTP server that answers each request with `answer` and records the requests. */
export async function httpServer(answer: (seen: SeenRequest, count: number) => ScriptedAnswer) {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      seen.push({ method, path, headers, body: text === "" ? null : JSON.parse(text) });
      const { status, body, headers: extra } = answer(seen[seen.length - 1] as SeenRequest, seen.length);
      response.writeHead(status, { "Content-Type": "application/json", ...extra });
      response.end(body === undefined ? "" : JSON.stringify(body));
    });
  });
  const origin = await listening(server);
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin, seen, close };
}

/** A Socket.IO gateway; `admit` returns a refusal's data or null, `serve` registers the calls. */
export async function socketServer(
  serve: (socket: Socket) => void,
  admit: (token: unknown) => Record<string, unknown> | null = () => null,
) {
  const server = createServer();
  const io = new Server(server);
  const tokens: unknown[] = [];
  io.use((socket, next) => {
    const token: unknown = socket.handshake.auth["token"];
    tokens.push(token);
    const data = admit(token);
    if (data === null) next();
    else next(Object.assign(new Error("refused"), { data }));
  });
  io.on("connection", serve);
  const origin = await listening(server);
  return { origin, io, tokens, close: () => io.close() };
}

export const someTokens = (n: number, expires_in_s = 900): Tokens => ({
  account: { id: "customer-1", role: "customer", email: "c@parley.example", name: "Casey" },
  access_token: `access-${n}`,
  refresh_token: `refresh-${n}`,
  expires_in_s,
});

export function memoryStorage(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** Like the browser's locks: runs the work under one name one after the other. */
export function memoryTabLock(): TabLock {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const before = last.get(name);
    const begin = () => work(before !== undefined);
    const next = (before ?? Promise.resolve()).then(begin, begin);
    last.set(name, next);
    void next.catch(() => undefined).finally(() => last.get(name) === next && last.delete(name));
    return next;
  };
}

/** The sessions of a single tab. */
export const oneTab = (refresh: SessionOptions["refresh"]): Sessions =>
  new Sessions({ tab: memoryStorage(), shared: memoryStorage(), refresh, tabLock: memoryTabLock() });

/** A session with the token `access-1`; each refresh returns the next number. */
export function loggedIn(): Sessions {
  let count = 1;
  const sessions = oneTab(() => Promise.resolve(someTokens((count += 1))));
  sessions.start(someTokens(1));
  return sessions;
}

/** Waits for a condition. */
export async function until(
  isTrue: () => boolean,
  what: string,
  within_ms = 5_000,
): Promise<void> {
  const deadline_ms = Date.now() + within_ms;
  while (!isTrue()) {
    if (Date.now() > deadline_ms) throw new Error(`Timed out after ${within_ms} ms waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
