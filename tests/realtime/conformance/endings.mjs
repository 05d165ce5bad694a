// How connections end, on purpose or not, and how the client reconnects.

import assert from "node:assert/strict";
import { connected, ok, once, pushesOf, range } from "./sockets.mjs";

/** A client's disconnect ends its connection and no other; the client can connect again. */
export async function a_client_disconnects_and_reconnects(task, ask) {
  const { url, mode, customer, conversation_id } = task;
  const socket = await connected(url, mode, customer.token);
  const other = await connected(url, mode, customer.token);
  const ended = once(socket, "disconnect");
  socket.disconnect();
  assert.deepEqual((await ended)[0], "io client disconnect");
  await ok(other, "join_conversation", { conversation_id });
  other.disconnect();
  await ask("gone");
  const again = once(socket, "connect");
  socket.connect();
  await again;
  await ok(socket, "join_conversation", { conversation_id });
}

/** When a token expires the gateway closes the connection; the client reconnects with another. */
export async function the_client_reconnects_after_the_gateway_closed(task) {
  const { url, mode, customer, short_token, conversation_id } = task;
  let handshakes = 0;
  const auth = (give) => give({ token: (handshakes += 1) === 1 ? short_token : customer.token });
  const socket = await connected(url, mode, undefined, { auth });
  const first = socket.id;
  const again = once(socket, "connect");
  const [reason] = await once(socket, "disconnect");
  assert.ok(["transport close", "transport error"].includes(reason), reason);
  await again;
  assert.notEqual(socket.id, first);
  assert.equal(handshakes, 2);
  await ok(socket, "join_conversation", { conversation_id });
}

/** When its gateway is replaced, the client reconnects without help and resumes by sequence. */
export async function the_client_resumes_on_the_next_gateway(task, ask) {
  const { url, mode, customer, vendor, conversation_id } = task;
  const socket = await connected(url, mode, customer.token);
  const sender = await connected(url, "websocket", vendor.token);
  for (const client of [socket, sender]) reconnectsWhenDraining(client);
  const feed = pushesOf(socket, "message.sent");
  const say = (number) =>
    ok(sender, "send_message", { conversation_id, client_message_id: `m-${number}`, body: "Hello" });
  await ok(socket, "join_conversation", { conversation_id });
  for (const number of range(1, 3)) await say(number);
  await feed.until((all) => all.length === 3);

  const back = [socket, sender].map((client) => once(client, "connect"));
  await ask("restart");
  await Promise.all(back);
  for (const number of range(4, 5)) await say(number);
  const missed = await ok(socket, "join_conversation", { conversation_id, after_sequence: 3 });
  await say(6);
  await feed.until((all) => all.at(-1)?.sequence === 6);
  const entries = [...missed.entries, ...feed.pushes.slice(3)];
  assert.deepEqual(entries.map((entry) => entry.sequence), [4, 5, 6]);
}

/** Socket.IO retries when nothing answers; after a refusal the app has to decide. */
function reconnectsWhenDraining(socket) {
  socket.on("connect_error", ({ data }) => {
    if (data?.code === "draining") setTimeout(() => socket.connect(), 50);
  });
}

/** The contract has no binary data: a call with some is refused, and its connection stays open. */
export async function binary_data_is_refused(task) {
  const { url, mode, customer, vendor, conversation_id } = task;
  const socket = await connected(url, mode, customer.token);
  const other = await connected(url, mode, vendor.token);
  socket.on("disconnect", (reason) => assert.fail(`disconnected: ${reason}`));
  const message = { conversation_id, client_message_id: "b", body: Buffer.from("Hello") };
  socket.emit("send_message", message);
  const { error } = await socket.timeout(10_000).emitWithAck("send_message", message);
  assert.equal(error.code, "validation_failed");
  assert.deepEqual(error.errors.map(({ path }) => path), ["body"]);
  const { head } = await ok(socket, "join_conversation", { conversation_id });
  assert.equal(head, 0);
  await ok(other, "join_conversation", { conversation_id });
}

/** The heartbeat keeps an otherwise silent connection open. */
export async function a_silent_connection_stays_open(task) {
  const { url, mode, customer, conversation_id, pings } = task;
  const socket = await connected(url, mode, customer.token);
  socket.on("disconnect", (reason) => assert.fail(`disconnected: ${reason}`));
  const { id } = socket;
  for (let count = 0; count < pings; count += 1) await once(socket.io, "ping");
  await ok(socket, "join_conversation", { conversation_id });
  assert.equal(socket.id, id);
}

/** A client that answers no ping is considered gone. */
export async function a_client_that_answers_no_ping_is_forgotten(task, ask) {
  const { url, mode, customer } = task;
  const socket = await connected(url, mode, customer.token, { reconnection: false });
  const { engine } = socket.io;
  const send = engine._sendPacket.bind(engine);
  engine._sendPacket = (type, ...more) => type !== "pong" && send(type, ...more);
  const ended = once(socket, "disconnect");
  await ask("gone");
  await ended;
}
