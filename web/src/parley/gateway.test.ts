import type { Socket } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import { loggedIn, socketServer, until } from "../testing/servers";
import { Gateway } from "./gateway";

const room = { conversation_id: "c1" };
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function connected(...script: Parameters<typeof socketServer>) {
  const server = await socketServer(...script);
  const sessions = loggedIn();
  const gateway = new Gateway(server.origin, sessions);
  closing.push(server.close, () => gateway.close());
  gateway.open();
  await until(() => gateway.is_connected, "the connection");
  return { ...server, sessions, gateway };
}

describe("calls", () => {
  test("a call returns the acknowledgement, or throws the error in it", async () => {
    const { gateway } = await connected((socket) => {
      socket.on("leave_rfi", (payload, ack) => ack({ ok: true, echo: payload }));
      socket.on("mark_read", (_, ack) =>
        ack({ ok: false, error: { code: "rate_limited", message: "Slow.", temporary: true, retry_after_ms: 9 } }),
      );
    });
    const left = await gateway.call("leave_rfi", { rfi_id: "r1" });
    expect(left).toEqual({ ok: true, echo: { rfi_id: "r1" } });
    await expect(gateway.call("mark_read", { ...room, sequence: 1 })).rejects.toMatchObject({
      code: "rate_limited",
      is_temporary: true,
      retry_after_ms: 9,
    });
  });

  test("without a connection, a call fails immediately and is not queued", async () => {
    const { gateway, io } = await connected(() => undefined);
    io.disconnectSockets(true);
    await until(() => !gateway.is_connected, "the disconnection");
    await expect(gateway.call("mark_read", { ...room, sequence: 1 })).rejects.toMatchObject({
      code: "not_connected",
      is_temporary: true,
    });
  });

  test("a connection lost before the acknowledgement is reported as connection_broken", async () => {
    const { gateway } = await connected((socket) => {
      socket.on("leave_rfi", () => socket.conn.close());
    });
    await expect(gateway.call("leave_rfi", { rfi_id: "r1" })).rejects.toMatchObject({ code: "connection_broken" });
  });
});

describe("the connection", () => {
  test("is restored after the server closed it, and the listener is called each time", async () => {
    const { gateway, io } = await connected(() => undefined);
    let count = 0;
    gateway.onConnected(() => (count += 1));
    io.disconnectSockets(true);
    await until(() => gateway.connection.get() === "reconnecting", "the state");
    await until(() => count === 2, "the second connection");
    expect(gateway.connection.get()).toBe("connected");
  });

  test("gets new tokens when the access token is refused as expired", async () => {
    const { tokens, gateway } = await connected(
      () => undefined,
      (token) => (token === "access-1" ? { code: "token_expired" } : null),
    );
    expect(tokens).toEqual(["access-1", "access-2"]);
    expect(gateway.connection.get()).toBe("connected");
  });

  test("retries after retry_after_ms when the gateway is draining", async () => {
    let isDraining = true;
    const { tokens } = await connected(
      () => undefined,
      () => {
        if (!isDraining) return null;
        isDraining = false;
        return { code: "draining", retry_after_ms: 20 };
      },
    );
    expect(tokens).toEqual(["access-1", "access-1"]);
  });

  test("reconnects once when the gateway announces that it is shutting down", async () => {
    const { gateway, io, tokens } = await connected((socket) => {
      socket.on("leave_rfi", () => {
        socket.emit("connection.closing", { code: "draining" });
        setImmediate(() => socket.conn.close());
      });
    });
    await expect(gateway.call("leave_rfi", { rfi_id: "r1" })).rejects.toMatchObject({
      code: "not_connected",
    });
    await until(() => tokens.length === 2 && gateway.is_connected, "the new connection");
    expect(io.engine.clientsCount).toBe(1);
  });

  test("gets new tokens before it reconnects when the gateway says that the token has expired", async () => {
    const { gateway, io, tokens } = await connected(() => undefined);
    io.emit("connection.closing", { code: "token_expired" });
    await until(() => (io.engine.close(), !gateway.is_connected), "the disconnection");
    await until(() => gateway.is_connected, "the new connection");
    expect(tokens).toEqual(["access-1", "access-2"]);
  });

  test("reconnects with new tokens when the session is about to expire", async () => {
    const { io, tokens, gateway } = await connected(() => undefined);
    io.emit("session.expiring", { expires_in_s: 30 });
    await until(() => tokens.length === 2 && gateway.is_connected, "the new connection");
    expect(tokens).toEqual(["access-1", "access-2"]);
  });

  test("reconnects with tokens that were refreshed in the meantime", async () => {
    const { io, tokens, gateway, sessions } = await connected(() => undefined);
    await sessions.refresh();
    io.emit("session.expiring", {});
    await until(() => tokens.length === 2 && gateway.is_connected, "the new connection");
    expect(tokens).toEqual(["access-1", "access-2"]);
    expect(sessions.current?.access_token).toBe("access-2");
  });
});

describe("rooms", () => {
  const roomServer = (calls: unknown[]) => (socket: Socket) => {
    socket.on("join_conversation", (payload, ack) => {
      calls.push(["join", payload]);
      ack({ ok: true, head: 7 });
    });
    socket.on("leave_conversation", (payload, ack) => {
      calls.push(["leave", payload]);
      setTimeout(() => ack({ ok: true }), 50);
    });
  };
  test("a room is left when the last part of the page that holds it releases it", async () => {
    const calls: unknown[] = [];
    const { gateway } = await connected(roomServer(calls));
    const [first, second] = [gateway.hold("conversation:c1"), gateway.hold("conversation:c1")];
    first();
    second();
    await until(() => calls.length === 1, "the leave");
    expect(calls).toEqual([["leave", room]]);
  });

  test("a room that is held again within a second is not left", async () => {
    const calls: unknown[] = [];
    const { gateway } = await connected(roomServer(calls));
    gateway.hold("conversation:c1")();
    gateway.hold("conversation:c1");
    gateway.hold("conversation:c2")();
    await until(() => calls.length === 1, "the leave of the other room");
    expect(calls).toEqual([["leave", { conversation_id: "c2" }]]);
  });

  test("a join waits for a leave of the same room that is in flight", async () => {
    const calls: unknown[] = [];
    const { gateway } = await connected(roomServer(calls));
    gateway.hold("conversation:c1")();
    await until(() => calls.length === 1, "the leave");
    const joining = gateway.join("conversation:c1", { after_sequence: 4 });
    await gateway.call("leave_conversation", { conversation_id: "other" });
    await joining;
    expect(calls.map((each) => (each as unknown[])[0])).toEqual(["leave", "leave", "join"]);
    expect(calls.at(-1)).toEqual(["join", { ...room, after_sequence: 4 }]);
  });

  test("a room that the account may no longer be in is reported to its listeners", async () => {
    const left: string[] = [];
    const { gateway, io } = await connected(roomServer([]));
    gateway.onLeft((each) => left.push(each));
    io.emit("room.left", { room: "rfi:r1", reason: "match_declined" });
    await until(() => left.length === 1, "the push");
    expect(left).toEqual(["rfi:r1"]);
  });

  test("the head in a join's answer or in the push `gap` is reported to all listeners", async () => {
    const heads: unknown[] = [];
    const { gateway, io } = await connected(roomServer([]));
    gateway.onHead((...each) => heads.push(each));
    await gateway.join("conversation:c1", {});
    io.emit("gap", { room: "rfi:r1", head: 9 });
    await until(() => heads.length === 2, "the gap");
    expect(heads).toEqual([
      ["conversation:c1", 7, null],
      ["rfi:r1", 9, null],
    ]);
  });
});
