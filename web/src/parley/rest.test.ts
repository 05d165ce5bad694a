import { afterEach, describe, expect, test } from "vitest";
import { anRfi } from "../testing/builders";
import { httpServer, loggedIn, type ScriptedAnswer, type SeenRequest } from "../testing/servers";
import { send } from "./http";
import { logIn, Rest } from "./rest";

let close: () => void = () => undefined;
afterEach(() => close());

async function api(answer: (seen: SeenRequest, count: number) => ScriptedAnswer) {
  const server = await httpServer(answer);
  close = server.close;
  const sessions = loggedIn();
  return { ...server, sessions, rest: new Rest(fetch, server.origin, sessions) };
}

const page = (items: unknown[], next_cursor: string | null = null): ScriptedAnswer => ({
  status: 200,
  body: { items, next_cursor },
});
const problem = (status: number, code: string, headers = {}): ScriptedAnswer => ({
  status,
  headers,
  body: { type: "about:blank", title: code, status, code, detail: `It was ${code}.` },
});

describe("requests", () => {
  test("a log-in sends email and password, and no token", async () => {
    const { origin, seen } = await api(() => ({ status: 200, body: { access_token: "a" } }));
    await logIn(fetch, origin, "c@parley.example", "secret");
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: "/v1/tokens",
      body: { email: "c@parley.example", password: "secret" },
    });
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });

  test("half an emoji anywhere in the body is replaced by U+FFFD before it is sent", async () => {
    const { rest, seen } = await api(() => ({ status: 200, body: anRfi() }));
    await rest.reviseRfi("rfi-1", 4, { title: "Leak \ud83d", address: { lines: ["\udc4d"] } as never });
    expect(seen[0]?.body).toEqual({ title: "Leak \uFFFD", address: { lines: ["\uFFFD"] } });
  });

  test("a list is read to its end, with the cursor passed back unchanged", async () => {
    const { rest, seen } = await api((_, count) => page([{ id: count }], count < 3 ? "a+b/=" : null));
    expect(await rest.rfis()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(seen[1]?.path).toBe("/v1/rfis?cursor=a%2Bb%2F%3D");
    expect(seen[0]?.headers.authorization).toBe("Bearer access-1");
  });

  test("a revision sends If-Match with the revision it is based on, and only the given fields", async () => {
    const { rest, seen } = await api(() => ({ status: 200, body: anRfi() }));
    await rest.reviseRfi("rfi-1", 4, { title: "Burst pipe" });
    expect(seen[0]).toMatchObject({ method: "PATCH", path: "/v1/rfis/rfi-1", body: { title: "Burst pipe" } });
    expect(seen[0]?.headers["if-match"]).toBe('"4"');
  });

  test("submit, withdraw and award send If-Match too", async () => {
    const { rest, seen } = await api(() => ({ status: 200, body: anRfi() }));
    await rest.submitRfi("rfi-1", 1);
    await rest.withdrawRfi("rfi-1", 2);
    await rest.award("rfi-1", 3, { id: "quote-1", revision: 2 });
    expect(seen.map((each) => each.headers["if-match"])).toEqual(['"1"', '"2"', '"3"']);
    expect(seen[2]).toMatchObject({
      path: "/v1/rfis/rfi-1/award",
      body: { quote_id: "quote-1", quote_revision: 2 },
    });
  });
});

describe("blocks and reports", () => {
  const block = { conversation_id: "c-1", is_open: false, blocked_by_me: true };

  test("block and unblock use one path, and return the state of the conversation", async () => {
    const { rest, seen } = await api(() => ({ status: 200, body: block }));
    expect(await rest.block("c-1")).toEqual(block);
    await rest.unblock("c-1");
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/conversations/c-1/block",
      "DELETE /v1/conversations/c-1/block",
    ]);
  });

  test("unblock is retried after a temporary error", async () => {
    const { rest, seen } = await api((_, count) =>
      count === 1 ? problem(503, "unavailable", { "Retry-After": "0" }) : { status: 200, body: block },
    );
    await rest.unblock("c-1");
    expect(seen).toHaveLength(2);
  });

  test("a report has a reason, and details only if they are not empty", async () => {
    const { rest, seen } = await api(() => ({ status: 201, body: {} }));
    await rest.reportMessage("c-1", "m-1", "spam", "");
    await rest.reportMessage("c-1", "m-1", "other", "It is a trap.");
    expect(seen.map((each) => each.body)).toEqual([
      { reason: "spam" },
      { reason: "other", details: "It is a trap." },
    ]);
    expect(seen[0]?.path).toBe("/v1/conversations/c-1/messages/m-1/report");
  });
});

describe("retries", () => {
  test("a create is retried after a temporary error under the same Idempotency-Key", async () => {
    const { rest, seen } = await api((_, count) =>
      count === 1 ? problem(503, "unavailable", { "Retry-After": "0" }) : { status: 201, body: anRfi() },
    );
    const { category, title, description, location, max_vendors } = anRfi();
    await rest.createRfi({ category, title, description, location, max_vendors });
    expect(seen).toHaveLength(2);
    expect(seen[0]?.headers["idempotency-key"]).toMatch(/^[0-9a-f]{32}$/);
    expect(seen[1]?.headers["idempotency-key"]).toBe(seen[0]?.headers["idempotency-key"]);
  });

  test("two creates have two keys", async () => {
    const { rest, seen } = await api(() => ({ status: 200, body: {} }));
    await rest.acceptMatch("match-1");
    await rest.acceptMatch("match-1");
    expect(seen[0]?.headers["idempotency-key"]).not.toBe(seen[1]?.headers["idempotency-key"]);
  });

  test("a permanent error is not retried", async () => {
    const { rest, seen } = await api(() => problem(409, "wrong_state"));
    await expect(rest.acceptMatch("match-1")).rejects.toMatchObject({ code: "wrong_state", status: 409 });
    expect(seen).toHaveLength(1);
  });

  test("a Retry-After that is too long for a person fails immediately", async () => {
    const { rest, seen } = await api(() => problem(429, "rate_limited", { "Retry-After": "60" }));
    await expect(rest.rfis()).rejects.toMatchObject({ code: "rate_limited", retry_after_ms: 60_000 });
    expect(seen).toHaveLength(1);
  });

  test("a revision is never retried automatically", async () => {
    const { rest, seen } = await api(() => problem(503, "unavailable", { "Retry-After": "0" }));
    await expect(rest.reviseRfi("rfi-1", 1, {})).rejects.toMatchObject({ code: "unavailable" });
    expect(seen).toHaveLength(1);
  });
});

describe("tokens", () => {
  test("a refused access token is refreshed once, and the request is sent again", async () => {
    const { rest, seen } = await api(({ headers }) =>
      headers.authorization === "Bearer access-1" ? problem(401, "token_expired") : page([]),
    );
    expect(await rest.rfis()).toEqual([]);
    expect(seen.map((each) => each.headers.authorization)).toEqual(["Bearer access-1", "Bearer access-2"]);
  });

  test("requests refused at the same time share one refresh", async () => {
    const { rest, seen, sessions } = await api(({ headers }) =>
      headers.authorization === "Bearer access-1" ? problem(401, "token_expired") : page([]),
    );
    await Promise.all([rest.rfis(), rest.matches(), rest.categories()]);
    expect(sessions.current?.access_token).toBe("access-2");
    expect(seen).toHaveLength(6);
  });

  test("a refused new token is an error, not a loop", async () => {
    const { rest, seen } = await api(() => problem(401, "unauthenticated"));
    await expect(rest.rfis()).rejects.toMatchObject({ code: "unauthenticated" });
    expect(seen).toHaveLength(2);
  });
});

describe("no response", () => {
  test("an unreachable server is reported as offline", async () => {
    const { origin, close: stop } = await httpServer(() => page([]));
    stop();
    const request = { method: "GET", path: "/v1/rfis" } as const;
    await expect(send(fetch, origin, request)).rejects.toMatchObject({ code: "offline", is_temporary: true });
  });

  test("a time-out is reported as timed_out", async () => {
    const timeout = () => Promise.reject(new DOMException("late", "TimeoutError"));
    const request = { method: "GET", path: "/v1/rfis" } as const;
    await expect(send(timeout, "", request)).rejects.toMatchObject({ code: "timed_out" });
  });

  test("an empty response is null", async () => {
    const { rest } = await api(() => ({ status: 204 }));
    expect(await rest.logOut()).toBeNull();
  });
});
