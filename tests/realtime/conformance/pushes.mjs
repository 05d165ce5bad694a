// Pushes arrive once, in order and without a hole, while transports change.

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import {
  connected,
  ok,
  once,
  onItsLastTransport,
  pushesOf,
  range,
  socketOf,
  upgradeAfter,
} from "./sockets.mjs";

const COUNT = 400;

/** Sends messages, four in flight at a time, as long as `goesOn` says; returns how many. */
async function stream(socket, conversation_id, goesOn) {
  let count = 0;
  const sendOn = async () => {
    while (goesOn(count)) {
      const client_message_id = `m-${(count += 1)}`;
      await ok(socket, "send_message", { conversation_id, client_message_id, body: "Hello" });
    }
  };
  await Promise.all(range(1, 4).map(sendOn));
  return count;
}

/** Every member sees the same messages after its snapshot, dense and in order. */
export async function pushes_are_dense_and_in_order({ url, mode, customer, vendor, conversation_id }) {
  const sender = await connected(url, "websocket", vendor.token);
  const readers = await Promise.all(range(1, 3).map(() => connected(url, mode, customer.token)));
  const feeds = readers.map((reader) => pushesOf(reader, "message.sent"));
  for (const reader of readers) await ok(reader, "join_conversation", { conversation_id });
  await stream(sender, conversation_id, (count) => count < COUNT);
  for (const feed of feeds) {
    const seen = await feed.until((all) => all.at(-1)?.sequence === COUNT);
    assert.deepEqual(seen.map((message) => message.sequence), range(1, COUNT));
  }
}

/** An upgrade in the middle of a stream loses, duplicates and reorders nothing. */
export async function an_upgrade_during_a_stream_loses_nothing({ url, customer, vendor, conversation_id }) {
  const sender = await connected(url, "websocket", vendor.token);
  let isOver = false;
  const sending = stream(sender, conversation_id, () => !isOver);
  const readers = await Promise.all(
    range(1, 6).map((number) => upgraded(url, customer.token, conversation_id, 4 * number)),
  );
  isOver = true;
  const count = await sending;
  for (const { feed, head } of readers) {
    const seen = await feed.until((all) => all.at(-1)?.sequence === count);
    assert.deepEqual(seen.map((message) => message.sequence), range(head + 1, count));
  }
}

/** Joins while polling, upgrades after this many pushes, and waits for as many after that. */
async function upgraded(url, token, conversation_id, pushCount) {
  let upgrade;
  const transports = upgradeAfter(new Promise((resolve) => (upgrade = resolve)));
  const socket = socketOf(url, "upgrade", token, { transports });
  const feed = pushesOf(socket, "message.sent");
  const connection = once(socket, "connect");
  socket.connect();
  await connection;
  const { head } = await ok(socket, "join_conversation", { conversation_id });
  await feed.until((all) => all.length >= pushCount);
  assert.equal(socket.io.engine.transport.name, "polling");
  upgrade();
  await onItsLastTransport(socket, "upgrade");
  const countAtUpgrade = feed.pushes.length;
  await feed.until((all) => all.length >= countAtUpgrade + pushCount);
  return { feed, head };
}

/** Each call in flight while the transport changes is answered once. */
export async function calls_during_an_upgrade_are_answered({ url, customer, conversation_id }) {
  for (const delay_ms of [0, 5, 20, 50]) {
    const more = { transports: upgradeAfter(setTimeout(delay_ms)) };
    const socket = socketOf(url, "upgrade", customer.token, more);
    const connection = once(socket, "connect");
    socket.connect();
    await connection;
    const upgrade = onItsLastTransport(socket, "upgrade");
    const ids = [];
    let isUpgraded = false;
    upgrade.then(() => (isUpgraded = true), () => undefined);
    while (!isUpgraded) {
      const client_message_id = `u-${delay_ms}-${ids.length}`;
      ids.push(client_message_id);
      const { message } = await ok(socket, "send_message", {
        conversation_id,
        client_message_id,
        body: "Hello",
      });
      assert.equal(message.client_message_id, client_message_id);
    }
    await upgrade;
    socket.disconnect();
  }
}
