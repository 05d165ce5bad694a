import { afterEach, describe, expect, test } from "vitest";
import { CONVERSATION, ME } from "../testing/builders";
import { until } from "../testing/servers";
import { type Ack, closeAll, FakeGateway, open } from "../testing/fake-gateway";
import { MemoryBrowser } from "../testing/unsent-store";
import type { StoredMessage } from "./unsent-store";

afterEach(closeAll);

/** The unsent messages that a closed tab has left. */
function leftBy(browser: MemoryBrowser): StoredMessage[] {
  let left: StoredMessage[] = [];
  browser.tab(ME).adopt((messages) => (left = messages));
  return left;
}

describe("a message that breaks the connection", () => {
  test("is sent twice, then waits for the person, and the messages after it are sent", async () => {
    const fake = new FakeGateway();
    const answer = fake.onSend;
    fake.onSend = (socket, message, ack) => {
      if (message.body !== "poison") answer(socket, message, ack);
      else {
        fake.log.pop();
        socket.conn.close();
      }
    };
    const { client } = await open(fake);
    client.send("poison");
    client.send("after it");
    await until(() => client.state.get().pending.length === 1, "the next message");

    const failed = { body: "poison", state: "failed", error: { code: "connection_broken" } };
    expect(client.state.get().pending).toMatchObject([failed]);
    const tries = () => fake.named("send_message").filter((each) => each["body"] === "poison");
    expect(tries()).toHaveLength(2);
    client.retry(client.state.get().pending[0]?.client_message_id ?? "");
    await until(() => tries().length === 4, "two more attempts");
    await until(() => client.state.get().pending[0]?.state === "failed", "the failure");
  });

  test("is not confused with a connection that the gateway closes for an announced reason", async () => {
    const fake = new FakeGateway();
    const answer = fake.onSend;
    let left = 3;
    fake.onSend = (socket, message, ack) => {
      if ((left -= 1) < 0) answer(socket, message, ack);
      else {
        fake.log.pop();
        socket.emit("connection.closing", { code: "draining" });
        setTimeout(() => socket.disconnect(true), 5);
      }
    };
    const { client } = await open(fake);
    client.send("hello");
    await until(() => fake.log.length === 1, "the message");
    expect(fake.named("send_message")).toHaveLength(4);
  });
});

test("half an emoji is replaced by U+FFFD before it is sent", async () => {
  const fake = new FakeGateway();
  const { client } = await open(fake);
  client.send("cut off \ud83d");
  await until(() => client.state.get().pending.length === 0, "the acknowledgement");
  expect(fake.log.map((each) => each.body)).toEqual(["cut off \uFFFD"]);
});

describe("an unsent message", () => {
  test("is stored until it is acknowledged", async () => {
    const browser = new MemoryBrowser();
    const fake = new FakeGateway();
    const acks: Ack[] = [];
    fake.onSend = (_, message, ack) => acks.push(() => ack({ ok: true, message }));
    const { client } = await open(fake, { unsentStore: browser.tab(ME) });
    client.send("one");
    await until(() => acks.length === 1, "the send");
    expect(leftBy(browser)).toMatchObject([{ conversation_id: CONVERSATION, pending: { body: "one" } }]);
    acks[0]?.(null);
    await until(() => client.state.get().pending.length === 0, "the acknowledgement");
    expect(leftBy(browser)).toEqual([]);
  });

  test("is sent by a later page in the same order and under the same id, before messages written there", async () => {
    const browser = new MemoryBrowser();
    const before = await open(new FakeGateway(), { unsentStore: browser.tab(ME) });
    before.io.close();
    await until(() => !before.gateway.is_connected, "the disconnection");
    before.client.send("one");
    before.client.send("two");
    const ids = before.client.state.get().pending.map((each) => each.client_message_id);

    const fake = new FakeGateway();
    const answer = fake.onSend;
    const acks: (() => void)[] = [];
    fake.onSend = (...call) => void acks.push(() => answer(...call));
    const { client, bodies } = await open(fake, { unsentStore: browser.tab(ME) });
    client.restore(leftBy(browser));
    client.send("three");
    for (let sent = 0; sent < 3; sent += 1) {
      await until(() => acks.length > sent, "the next send");
      acks[sent]?.();
    }
    await until(() => client.state.get().pending.length === 0, "all three");

    expect(bodies()).toEqual(["one", "two", "three"]);
    expect(fake.log.slice(0, 2).map((each) => each.client_message_id)).toEqual(ids);
    expect(leftBy(browser)).toEqual([]);
  });

  test("that had arrived after all is shown once and removed", async () => {
    const browser = new MemoryBrowser();
    const fake = new FakeGateway();
    fake.onSend = () => undefined;
    const before = await open(fake, { unsentStore: browser.tab(ME) });
    before.client.send("arrived");
    await until(() => fake.log.length === 1, "the message");

    const { client, bodies } = await open(fake, { unsentStore: browser.tab(ME) });
    client.restore(leftBy(browser));

    await until(() => leftBy(browser).length === 0, "the removal");
    expect(bodies()).toEqual(["arrived"]);
  });

  test("in a conversation that the account may no longer see has failed, and is stored until discarded", async () => {
    const browser = new MemoryBrowser();
    const fake = new FakeGateway();
    const { client, io } = await open(fake, { unsentStore: browser.tab(ME) });
    const error = { code: "not_found", message: "No.", temporary: false };
    fake.refusal = error;
    io.disconnectSockets(true);
    client.send("too late");
    await until(() => client.state.get().pending[0]?.state === "failed", "the refusal");
    expect(leftBy(browser)).toMatchObject([{ pending: { body: "too late", state: "failed" } }]);

    client.drop(client.state.get().pending[0]?.client_message_id ?? "");

    expect(leftBy(browser)).toEqual([]);
  });

  test("is not visible to other accounts", async () => {
    const browser = new MemoryBrowser();
    const fake = new FakeGateway();
    fake.onSend = () => undefined;
    const { client } = await open(fake, { unsentStore: browser.tab("somebody else") });
    client.send("private");
    expect(leftBy(browser)).toEqual([]);
  });
});
