// Who may connect, and how the others are refused.

import assert from "node:assert/strict";
import { connected, ok, once, refusal, socketOf } from "./sockets.mjs";

/** A token opens the connection, and the session id contains the gateway's name. */
export async function a_token_opens_the_connection({ url, mode, customer }) {
  const socket = await connected(url, mode, customer.token);
  assert.equal(socket.connected, true);
  assert.match(socket.io.engine.id, /^realtime-/);
}

/** Anything but a valid token is refused with a code, and the client does not retry. */
export async function a_connection_without_a_valid_token_is_refused({ url, mode, expired_token }) {
  const wrong = [
    [undefined, "unauthenticated"],
    ["", "unauthenticated"],
    ["no.token.this", "unauthenticated"],
    [{ $ne: null }, "unauthenticated"],
    ["é🙂".repeat(500), "unauthenticated"],
    [expired_token, "token_expired"],
  ];
  for (const [token, code] of wrong) {
    const socket = socketOf(url, mode, token);
    const error = await refusal(socket);
    assert.equal(typeof error.message, "string");
    assert.deepEqual(error.data, { code, temporary: false });
    assert.equal(socket.active, false);
    socket.disconnect();
  }
}

/** A refused socket can connect later, with a good token. */
export async function a_refused_socket_connects_with_a_valid_token({ url, mode, customer }) {
  const socket = socketOf(url, mode, "no.token.this");
  await refusal(socket);
  socket.auth = { token: customer.token };
  const connection = once(socket, "connect");
  socket.connect();
  await connection;
}

/** There is one namespace; another one is refused, and the first is not affected. */
export async function other_namespaces_are_refused({ url, mode, customer, conversation_id }) {
  const socket = await connected(url, mode, customer.token);
  const other = socket.io.socket("/admin", { auth: { token: customer.token } });
  const error = await refusal(other);
  assert.equal(typeof error.message, "string");
  assert.equal(other.connected, false);
  await ok(socket, "join_conversation", { conversation_id });
}

/** Several connections in one program are independent: each has its own account and its own end. */
export async function several_sockets_coexist(task) {
  const { url, mode, customer, vendor, conversation_id } = task;
  const sockets = await Promise.all(
    five((number) => connected(url, mode, (number % 2 ? customer : vendor).token)),
  );
  assert.equal(new Set(sockets.map((socket) => socket.id)).size, sockets.length);
  const senders = await Promise.all(
    sockets.map((socket, number) =>
      ok(socket, "send_message", { conversation_id, client_message_id: `s-${number}`, body: "Hello" }),
    ),
  );
  assert.deepEqual(
    senders.map((answer) => answer.message.sender_id),
    five((number) => (number % 2 ? customer : vendor).id),
  );
  sockets[0].disconnect();
  for (const socket of sockets.slice(1)) await ok(socket, "join_conversation", { conversation_id });
}

const five = (make) => [0, 1, 2, 3, 4].map(make);
