import { afterEach, describe, expect, test } from "vitest";
import { aBlock, aMessage, aNotice, CONVERSATION, ME, OTHER } from "../testing/builders";
import { loggedIn, socketServer, until } from "../testing/servers";
import { type Ack, closeAll, closeLater, FakeGateway, open, withMessages } from "../testing/fake-gateway";
import { ConversationClient } from "./conversation-client";
import { Gateway } from "./gateway";

afterEach(closeAll);

describe("catching up", () => {
  test("after a push with a gap before it, the client fetches the gap and shows nothing after it until then", async () => {
    const fake = withMessages(2);
    const { client, push, bodies } = await open(fake);
    fake.log.push(aMessage(3), aMessage(4));
    push(aMessage(4));
    await until(() => client.state.get().dense === 4, "the gap to be filled");
    expect(bodies()).toEqual(["body 1", "body 2", "body 3", "body 4"]);
    expect(fake.named("fetch_entries")).toMatchObject([{ after_sequence: 2 }]);
  });

  test("a long conversation is fetched page by page to its head", async () => {
    const fake = withMessages(450);
    const { client } = await open(fake);
    await until(() => client.state.get().dense === 450, "the head");
    expect(fake.named("fetch_entries").map((each) => each["after_sequence"])).toEqual([200, 400]);
  });

  test("the client fetches after the push `gap`", async () => {
    const fake = withMessages(1);
    const { client, io } = await open(fake);
    fake.log.push(aMessage(2));
    io.emit("gap", { room: `conversation:${CONVERSATION}`, head: 2 });
    await until(() => client.state.get().dense === 2, "the entry");
  });

  test("the client fetches up to the head that another part of the page got from its own join", async () => {
    const fake = withMessages(1);
    const { client, gateway } = await open(fake);
    fake.log.push(aMessage(2));
    await gateway.join(`conversation:${CONVERSATION}`, { after_sequence: 2 });
    await until(() => client.state.get().dense === 2, "the entry that is not pushed again");
  });

  test("the client resumes after its last entry when it reconnects", async () => {
    const fake = withMessages(2);
    const { client, io, bodies } = await open(fake);
    io.disconnectSockets(true);
    fake.log.push(aMessage(3));
    await until(() => client.state.get().dense === 3, "the resume");
    expect(fake.named("join_conversation").map((each) => each["after_sequence"])).toEqual([undefined, 2]);
    expect(bodies()).toEqual(["body 1", "body 2", "body 3"]);
  });
});

describe("sending", () => {
  test("sends each message once, in the order they were written", async () => {
    const fake = new FakeGateway();
    fake.onSend = (_, message, ack) => {
      // The first takes longest: sent in parallel, the others would overtake it.
      setTimeout(() => ack({ ok: true, message }), message.sequence === 1 ? 60 : 0);
    };
    const { client, bodies } = await open(fake);
    for (const body of ["one", "two", "three"]) client.send(body);
    await until(() => client.state.get().pending.length === 0, "all three");
    expect(fake.log.map((each) => each.body)).toEqual(["one", "two", "three"]);
    expect(fake.named("send_message").map((each) => each["body"])).toEqual(["one", "two", "three"]);
    expect(bodies()).toEqual(["one", "two", "three"]);
  });

  test("a message whose acknowledgement was lost is sent again under the same id and shown once", async () => {
    const fake = new FakeGateway();
    const answer = fake.onSend;
    fake.onSend = (socket) => {
      fake.onSend = answer;
      socket.conn.close();
    };
    const { client, bodies } = await open(fake);
    client.send("hello");
    await until(() => client.state.get().pending.length === 0, "the acknowledgement");
    expect(bodies()).toEqual(["hello"]);
    expect(fake.log).toHaveLength(1);
  });

  test("a message written while disconnected is sent after the reconnect", async () => {
    const fake = new FakeGateway();
    const { client, io, gateway, bodies } = await open(fake);
    io.disconnectSockets(true);
    await until(() => !gateway.is_connected, "the disconnection");
    client.send("later");
    expect(client.state.get().pending).toMatchObject([{ state: "waiting" }]);
    await until(() => client.state.get().pending.length === 0, "the send");
    expect(bodies()).toEqual(["later"]);
  });

  test("a temporary error is retried after its retry_after_ms; a permanent one waits for the person", async () => {
    const fake = new FakeGateway();
    const error = { code: "rate_limited", message: "Slow.", temporary: true, retry_after_ms: 10 };
    const answer = fake.onSend;
    let tries = 0;
    fake.onSend = (socket, message, ack) => {
      tries += 1;
      if (tries === 1) ack({ ok: false, error });
      else if (message.body === "bad") ack({ ok: false, error: { ...error, code: "forbidden", temporary: false } });
      else answer(socket, message, ack);
    };
    const { client } = await open(fake);
    client.send("good");
    client.send("bad");
    await until(() => client.state.get().pending[0]?.state === "failed", "the refusal");
    expect(client.state.get().pending).toMatchObject([{ body: "bad", error: { code: "forbidden" } }]);
    expect(tries).toBe(3);
  });
});

describe("a block", () => {
  const REFUSED = { code: "blocked", message: "It takes no new messages.", temporary: false };
  const isOpen = (client: ConversationClient) => client.state.get().conversation?.is_open;

  test("is applied from its push, and a push for another conversation is ignored", async () => {
    const fake = withMessages(1);
    const { client, io } = await open(fake);
    io.emit("conversation.updated", aBlock({ conversation_id: "conversation-2", blocked_by_me: true }));
    io.emit("conversation.updated", aBlock());
    await until(() => isOpen(client) === false, "the block");
    expect(client.state.get().conversation?.blocked_by_me).toBe(false);
    io.emit("conversation.updated", aBlock({ is_open: true }));
    await until(() => fake.named("join_conversation").length === 2, "the join that gets what was not pushed during the block");
    expect(isOpen(client)).toBe(true);
  });

  test("whose push was lost is detected from its notice", async () => {
    const fake = withMessages(1);
    const { client, io } = await open(fake);
    fake.is_open = false;
    const notice = aNotice(2, "conversation_closed");
    io.to(CONVERSATION).emit("notice.added", { ...notice, conversation_id: CONVERSATION });
    await until(() => isOpen(client) === false, "the block");
    expect(fake.named("join_conversation")).toHaveLength(2);
  });

  test("that refuses a send closes the conversation and keeps the text, which can be sent after the unblock", async () => {
    const fake = new FakeGateway();
    const answer = fake.onSend;
    fake.onSend = (_socket, _message, ack) => {
      fake.is_open = false;
      fake.log.splice(0);
      ack({ ok: false, error: REFUSED });
    };
    const { client, io, bodies } = await open(fake);
    client.send("one");
    client.send("two");
    await until(() => isOpen(client) === false, "the block");
    await until(() => client.state.get().pending.every((each) => each.state === "failed"), "both refusals");
    expect(client.state.get().pending).toMatchObject([
      { body: "one", error: { code: "blocked" } },
      { body: "two", error: { code: "blocked" } },
    ]);
    fake.onSend = answer;
    fake.is_open = true;
    io.emit("conversation.updated", aBlock({ is_open: true }));
    await until(() => isOpen(client) === true, "the end of the block");
    for (const { client_message_id } of client.state.get().pending) client.retry(client_message_id);
    await until(() => client.state.get().pending.length === 0, "both sends");
    expect(bodies()).toEqual(["one", "two"]);
  });
});

describe("receipts, typing and failures", () => {
  test("reports delivered while hidden and read while visible, and each position once", async () => {
    const fake = withMessages(2);
    const { client, push } = await open(fake);
    await until(() => fake.named("mark_delivered").length === 1, "mark_delivered");
    client.setVisible(true);
    await until(() => fake.named("mark_read").length === 1, "mark_read");
    fake.log.push(aMessage(3));
    push(aMessage(3));
    await until(() => fake.named("mark_read").length === 2, "the second mark_read");
    expect(fake.named("mark_read").map((each) => each["sequence"])).toEqual([2, 3]);
    expect(fake.named("mark_delivered").map((each) => each["sequence"])).toEqual([2]);
  });

  test("a position refused with a temporary error is reported again", async () => {
    const fake = withMessages(2);
    let isRefused = false;
    const serve = fake.serve;
    fake.serve = (socket) => {
      serve(socket);
      socket.removeAllListeners("mark_delivered");
      socket.on("mark_delivered", (_, ack: Ack) => {
        const error = { code: "rate_limited", message: "Slow.", temporary: true, retry_after_ms: 10 };
        ack(isRefused ? { ok: true } : { ok: false, error });
        isRefused = true;
      });
    };
    const { client } = await open(fake);
    const delivered = () => client.state.get().positions.get(ME)?.delivered_sequence;
    await until(() => delivered() === 2, "the second try");
    expect(fake.named("mark_delivered")).toMatchObject([{ sequence: 2 }, { sequence: 2 }]);
  });

  test("typing is sent once while keys are pressed, and ended by the send", async () => {
    const fake = new FakeGateway();
    const { client } = await open(fake);
    client.inputChanged(true);
    client.inputChanged(true);
    client.send("hello");
    await until(() => fake.named("set_typing").length === 2, "both calls");
    expect(fake.named("set_typing").map((each) => each["is_typing"])).toEqual([true, false]);
  });

  test("typing in this conversation is shown; typing in other conversations is ignored", async () => {
    const fake = withMessages(1);
    const { client, io } = await open(fake);
    const typing = { conversation_id: CONVERSATION, account_id: OTHER, is_typing: true };
    io.emit("typing.updated", { ...typing, conversation_id: "other", account_id: "stranger" });
    io.emit("typing.updated", typing);
    await until(() => client.state.get().typing.has(OTHER), "typing");
    expect([...client.state.get().typing.keys()]).toEqual([OTHER]);
  });

  test("a conversation that the account may not see is a failure, not an endless wait", async () => {
    const server = await socketServer((socket) => {
      const error = { code: "not_found", message: "No.", temporary: false };
      socket.on("join_conversation", (_, ack: Ack) => ack({ ok: false, error }));
    });
    const gateway = new Gateway(server.origin, loggedIn());
    const client = new ConversationClient({ gateway, conversation_id: CONVERSATION, me: ME });
    closeLater(server.close, () => gateway.close(), () => client.close());
    gateway.open();
    client.open();
    await until(() => client.failure.get() !== null, "the failure");
    expect(client.failure.get()?.code).toBe("not_found");
  });
});

describe("leaving the page of a conversation", () => {
  test("sends the written messages before it leaves the room", async () => {
    const fake = new FakeGateway();
    const { client, io, gateway } = await open(fake);
    io.disconnectSockets(true);
    await until(() => !gateway.is_connected, "the disconnection");
    client.send("written and gone");
    client.close();
    await until(() => fake.named("leave_conversation").length === 1, "the leave");
    expect(fake.log.map((each) => each.body)).toEqual(["written and gone"]);
    expect(client.is_idle).toBe(true);
  });

  test("keeps a refused message until the person comes back", async () => {
    const fake = new FakeGateway();
    const error = { code: "forbidden", message: "No.", temporary: false };
    fake.onSend = (_, __, ack) => ack({ ok: false, error });
    const { client } = await open(fake);
    client.send("refused");
    await until(() => client.state.get().pending[0]?.state === "failed", "the refusal");
    client.close();
    expect(client.is_idle).toBe(false);
    client.open();
    expect(client.state.get().pending).toMatchObject([{ body: "refused", state: "failed" }]);
  });
});
