// What is pushed comes once, in order and without a hole, while transports change.

import assert from "node:assert/strict";
import {
  connected,
  ok,
  once,
  onItsLastTransport,
  pushesOf,
  range,
  slowUpgrade,
  socketOf,
} from "./sockets.mjs";

const COUNT = 400;

/** Sends messages of growing number, four on their way at a time, until it is told to stop. */
async function stream(socket, conversation_id, count) {
  let next = 1;
  const sendOn = async () => {
    while (next <= count) {
      const number = next++;
      const message = { conversation_id, client_message_id: `m-${number}`, body: `${number}` };
      await ok(socket, "send_message", message);
    }
  };
  await Promise.all(range(1, 4).map(sendOn));
}

/** Every member sees the same messages, dense and in order, behind its snapshot. */
export async function pushes_are_dense_and_in_order({ url, mode, customer, vendor, conversation_id }) {
  const sender = await connected(url, "websocket", vendor.token);
  const readers = await Promise.all(range(1, 3).map(() => connected(url, mode, customer.token)));
  const feeds = readers.map((each) => pushesOf(each, "message.sent"));
  for (const each of readers) await ok(each, "join_conversation", { conversation_id });
  await stream(sender, conversation_id, COUNT);
  for (const feed of feeds) {
    const seen = await feed.until((all) => all.at(-1)?.sequence === COUNT);
    assert.deepEqual(seen.map((each) => each.sequence), range(1, COUNT));
  }
}

/** An upgrade in the middle of a stream loses, doubles and reorders nothing. */
export async function an_upgrade_in_the_middle_loses_nothing({ url, customer, vendor, conversation_id }) {
  const sender = await connected(url, "websocket", vendor.token);
  const readers = range(0, 5).map((number) =>
    socketOf(url, "upgrade", customer.token, { transports: slowUpgrade(60 * number) }),
  );
  const sending = stream(sender, conversation_id, COUNT);
  const checked = await Promise.all(readers.map((each) => upgraded(each, conversation_id)));
  await sending;
  assert.ok(checked.some((each) => each), "no upgrade came in the middle of the stream");
}

/** Joins while polling, upgrades, and checks what came; tells whether some came before and after. */
async function upgraded(socket, conversation_id) {
  const feed = pushesOf(socket, "message.sent");
  let countAtUpgrade = Number.NaN;
  const connection = once(socket, "connect");
  socket.connect();
  await connection;
  socket.io.engine.once("upgrade", () => (countAtUpgrade = feed.pushes.length));
  const { head } = await ok(socket, "join_conversation", { conversation_id });
  await onItsLastTransport(socket, "upgrade");
  if (head < COUNT) await feed.until((all) => all.at(-1)?.sequence === COUNT);
  const sequences = feed.pushes.map((each) => each.sequence);
  assert.deepEqual(sequences, range(head + 1, COUNT));
  return countAtUpgrade > 0 && countAtUpgrade < sequences.length;
}

/** Calls that are under way while the transport changes are answered once each. */
export async function calls_during_an_upgrade_are_answered({ url, customer, conversation_id }) {
  for (const delay_ms of [0, 5, 20, 50]) {
    const more = { transports: slowUpgrade(delay_ms) };
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
