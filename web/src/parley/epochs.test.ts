import { afterEach, describe, expect, test } from "vitest";
import { aMessage, anRfi, aRevision, CONVERSATION } from "../testing/builders";
import { until } from "../testing/servers";
import { closeAll, FakeGateway, open, withMessages } from "../testing/fake-gateway";
import { isOtherEpoch } from "./epochs";
import { NO_RFI, joined, withSnapshot } from "./rfi-feed";

afterEach(closeAll);

/**
 * Restores a backup with `count` messages; `since` others were then written under the same numbers.
 */
function restore(fake: FakeGateway, count: number, since: number): void {
  fake.epoch = "second";
  fake.log.splice(count);
  for (let number = 1; number <= since; number += 1) {
    const sequence = count + number;
    fake.log.push(aMessage(sequence, { id: `new-${sequence}`, body: `new ${sequence}`, client_message_id: `new-${sequence}` }));
  }
}

const ROOM = `conversation:${CONVERSATION}`;

describe("after the marketplace was restored from a backup", () => {
  test("a client that is ahead learns of it from a push and shows the restored conversation", async () => {
    const fake = withMessages(11);
    fake.epoch = "first";
    const { client, io, bodies } = await open(fake);
    await until(() => client.state.get().dense === 11, "all eleven");
    restore(fake, 6, 3);

    io.emit("gap", { room: ROOM, head: 9, epoch: "second", is_snapshot: true });

    await until(() => client.state.get().dense === 9, "the new nine");
    expect(bodies().slice(5)).toEqual(["body 6", "new 7", "new 8", "new 9"]);
    expect(client.state.get().head).toBe(9);
  });

  test("a client that was disconnected joins with its epoch and starts over", async () => {
    const fake = withMessages(8);
    fake.epoch = "first";
    const { client, io, bodies } = await open(fake);
    restore(fake, 6, 4);
    io.disconnectSockets(true);

    await until(() => client.state.get().dense === 10, "the new ten");
    expect(fake.named("join_conversation")[1]).toMatchObject({ after_sequence: 8, epoch: "first" });
    expect(bodies().slice(6)).toEqual(["new 7", "new 8", "new 9", "new 10"]);
  });

  test("a message whose acknowledgement was undone is sent again under the same id", async () => {
    const fake = withMessages(2);
    fake.epoch = "first";
    fake.onSend = (_, message, ack) => {
      // Acknowledged after a gap that is never filled, so the message stays pending.
      ack({ ok: true, message: { ...message, sequence: 5 } });
    };
    const { client, io } = await open(fake);
    fake.onFetch = () => undefined;
    client.send("kept");
    await until(() => client.state.get().pending[0]?.state === "sent", "the acknowledgement");
    const { client_message_id } = client.state.get().pending[0] ?? {};
    fake.onSend = (_, message, ack) => ack({ ok: true, message });
    restore(fake, 2, 0);

    io.emit("gap", { room: ROOM, head: 2, epoch: "second" });

    await until(() => client.state.get().pending.length === 0, "the second acknowledgement");
    expect(fake.log.at(-1)).toMatchObject({ body: "kept", client_message_id, sequence: 3 });
  });

  test("a fetched page that is a snapshot starts over too", async () => {
    const fake = withMessages(4);
    fake.epoch = "first";
    const { client, bodies, io } = await open(fake);
    restore(fake, 2, 4);
    // A head without an epoch, as the previous release pushes it: the fetched page has the epoch.
    io.emit("gap", { room: ROOM, head: 6 });
    await until(() => client.state.get().epoch === "second", "the other epoch");
    await until(() => client.state.get().dense === 6, "the new six");
    expect(bodies()).toEqual(["body 1", "body 2", "new 3", "new 4", "new 5", "new 6"]);
  });
});

describe("a gateway of the previous release", () => {
  test("sends no epoch and gets none; its numbers are used as they are", async () => {
    const fake = withMessages(2);
    const { client, io } = await open(fake);
    io.disconnectSockets(true);
    fake.log.push(aMessage(3));
    await until(() => client.state.get().dense === 3, "the resume");
    expect(fake.named("join_conversation")[1]).not.toHaveProperty("epoch");
  });

  test("that refuses the field epoch is called again without it", async () => {
    const fake = withMessages(2);
    fake.epoch = "first";
    const { client, io } = await open(fake);
    fake.epoch = undefined;
    fake.refusesEpochs = true;
    io.disconnectSockets(true);
    fake.log.push(aMessage(3));
    await until(() => client.state.get().dense === 3, "the resume");
    expect(client.failure.get()).toBeNull();
  });
});

describe("an RFI", () => {
  const at = (revision: number) => anRfi({ revision, title: `Title ${revision}` });
  const join = (revision: number, changed = {}) => ({
    revision,
    rfi: at(revision),
    changes: [aRevision(revision, [])],
    ...changed,
  });

  test("of another epoch replaces ours, even if its revision is lower", () => {
    const ours = joined(withSnapshot(NO_RFI, at(7), []), join(7, { epoch: "first" }));
    const now = joined(ours, join(4, { epoch: "second", is_snapshot: true }));
    expect(now).toMatchObject({ rfi: { revision: 4, title: "Title 4" }, head: 4, epoch: "second" });
    expect([...now.revisions.keys()]).toEqual([4]);
  });

  test("in a snapshot with a lower revision replaces ours, without an epoch too", () => {
    const now = joined(withSnapshot(NO_RFI, at(7), []), join(4, { is_snapshot: true }));
    expect(now).toMatchObject({ rfi: { revision: 4 }, head: 4 });
  });

  test("of the same epoch never goes back", () => {
    const ours = joined(withSnapshot(NO_RFI, at(7), []), join(7, { epoch: "first" }));
    expect(joined(ours, join(6, { epoch: "first" })).rfi?.revision).toBe(7);
  });
});

test.each([
  [null, "a", false],
  ["a", null, false],
  ["a", undefined, false],
  ["a", "a", false],
  ["a", "b", true],
])("epochs %s and %s differ: %s", (known, received, expected) => {
  expect(isOtherEpoch(known, received)).toBe(expected);
});
