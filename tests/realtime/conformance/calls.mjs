// Calls and their acknowledgements, with any content.

import assert from "node:assert/strict";
import { connected, ok, once, pushesOf, refused } from "./sockets.mjs";

/** Every call of the contract is acknowledged, and its effect reaches the other participant. */
export async function every_call_is_acknowledged(task) {
  const { url, mode, customer, vendor, conversation_id, rfi_id } = task;
  const [mine, theirs] = [
    await connected(url, mode, customer.token),
    await connected(url, mode, vendor.token),
  ];
  const names = ["message.sent", "message.edited", "message.deleted", "receipt.updated"];
  const seen = names.map((name) => once(theirs, name));
  const typing = once(theirs, "typing.updated");
  const here = { conversation_id };

  const snapshot = await ok(theirs, "join_conversation", here);
  assert.deepEqual([snapshot.head, snapshot.entries, snapshot.has_more], [0, [], false]);
  await ok(mine, "join_conversation", { ...here, after_sequence: 0 });
  await ok(mine, "set_typing", { ...here, is_typing: true });
  await typing;
  const sent = { ...here, client_message_id: "m-1", body: "Hello" };
  const { message } = await ok(mine, "send_message", sent);
  assert.equal(message.sequence, 1);
  assert.deepEqual((await ok(mine, "send_message", sent)).message, message);
  const named = { ...here, message_id: message.id };
  assert.equal((await ok(mine, "edit_message", { ...named, body: "Hi" })).entry.kind, "edit");
  assert.equal((await ok(mine, "delete_message", named)).entry.kind, "deletion");
  await ok(mine, "mark_delivered", { ...here, sequence: 3 });
  await ok(mine, "mark_read", { ...here, sequence: 3 });
  const page = await ok(mine, "fetch_entries", { ...here, after_sequence: 0, limit: 2 });
  assert.deepEqual([page.entries.map((entry) => entry.kind), page.has_more], [["message", "edit"], true]);
  await Promise.all(seen);
  const rfi = await ok(mine, "join_rfi", { rfi_id, after_revision: 0 });
  assert.equal(rfi.revision, rfi.changes.at(-1).revision);
  await ok(mine, "leave_rfi", { rfi_id });
  await ok(mine, "leave_conversation", here);
}

/** A refused call is acknowledged as well, and the connection stays open. */
export async function every_refusal_is_acknowledged({ url, mode, customer, vendor, conversation_id }) {
  const socket = await connected(url, mode, customer.token);
  const other = await connected(url, mode, vendor.token);
  const here = { conversation_id };
  const { message } = await ok(other, "send_message", { ...here, client_message_id: "v", body: "Hi" });
  await ok(socket, "send_message", { ...here, client_message_id: "m", body: "Hello" });
  const refusals = [
    ["send_mesage", {}, "unknown_event"],
    ["message", "text", "unknown_event"],
    ["join_conversation", {}, "validation_failed"],
    ["join_conversation", null, "validation_failed"],
    ["join_conversation", [], "validation_failed"],
    ["join_conversation", { conversation_id: { $ne: null } }, "validation_failed"],
    ["join_conversation", { conversation_id: "somebody-elses" }, "not_found"],
    ["fetch_entries", { ...here, limit: 201, after_sequence: 0 }, "validation_failed"],
    ["send_message", { ...here, client_message_id: "n", body: "a".repeat(8_001) }, "validation_failed"],
    ["send_message", { ...here, client_message_id: "m", body: "Other" }, "client_message_id_reused"],
    ["edit_message", { ...here, message_id: message.id, body: "Mine" }, "forbidden"],
    ["delete_message", { ...here, message_id: "nothing" }, "not_found"],
    ["mark_read", { ...here, sequence: "1" }, "validation_failed"],
    ["set_typing", { ...here, is_typing: "yes" }, "validation_failed"],
    ["join_rfi", { rfi_id: "somebody-elses" }, "not_found"],
  ];
  for (const [name, payload, code] of refusals) {
    assert.equal((await refused(socket, name, payload)).code, code, name);
  }
  assert.equal((await refused(socket, "join_conversation")).code, "validation_failed");
  assert.equal(socket.connected, true);
}

/** Each of many calls at once gets its own acknowledgement. */
export async function concurrent_calls_get_their_own_answers(task) {
  const { url, mode, customer, conversation_id } = task;
  const socket = await connected(url, mode, customer.token);
  const ids = Array.from({ length: 100 }, (_, number) => `m-${number}`);
  const answers = await Promise.all(
    ids.map((client_message_id) =>
      ok(socket, "send_message", { conversation_id, client_message_id, body: client_message_id }),
    ),
  );
  assert.deepEqual(answers.map((answer) => answer.message.client_message_id), ids);
  const sequences = answers.map((answer) => answer.message.sequence);
  assert.deepEqual(sequences, ids.map((_, number) => number + 1));
}

/** Text of any length is unchanged in the acknowledgement, the push and the page. */
export async function bodies_are_returned_unchanged(task) {
  const { url, mode, customer, vendor, conversation_id } = task;
  const sender = await connected(url, mode, customer.token);
  const reader = await connected(url, mode, vendor.token);
  await ok(reader, "join_conversation", { conversation_id });
  const { until } = pushesOf(reader, "message.sent");
  const bodies = [
    "naïve — façade, “quoted” 'twice' \\ and /",
    "日本語 العربية עברית हिन्दी",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🙂",
    "line\nline\ttab",
    '42["send_message",{}]',
    "a".repeat(8_000),
    "é".repeat(8_000),
    "🙂".repeat(8_000),
    '"\\'.repeat(4_000),
  ];
  for (const [number, body] of bodies.entries()) {
    const sent = { conversation_id, client_message_id: `b-${number}`, body };
    const { message } = await ok(sender, "send_message", sent);
    assert.equal(message.body, body);
  }
  const pushed = await until((all) => all.length === bodies.length);
  assert.deepEqual(pushed.map((message) => message.body), bodies);
  const page = await ok(reader, "fetch_entries", { conversation_id, after_sequence: 0 });
  assert.deepEqual(page.entries.map((entry) => entry.body), bodies);
}

/** A call that requests no acknowledgement is executed all the same. */
export async function a_call_without_an_acknowledgement_is_executed(task) {
  const { url, mode, customer, vendor, conversation_id } = task;
  const sender = await connected(url, mode, customer.token);
  const reader = await connected(url, mode, vendor.token);
  await ok(reader, "join_conversation", { conversation_id });
  const pushed = once(reader, "message.sent");
  sender.emit("send_message", { conversation_id, client_message_id: "m-1", body: "Hello" });
  assert.equal((await pushed)[0].client_message_id, "m-1");
}
