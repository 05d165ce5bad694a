import type { Socket } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import { aConversation, aMessage, CONVERSATION, ME } from "../testing/builders";
import { httpServer, loggedIn, socketServer, until } from "../testing/servers";
import { Gateway } from "./gateway";
import { Inbox, totalUnread } from "./inbox";
import { Rest } from "./rest";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/**
 * An inbox with one conversation, listed with head 3 and read up to 2; its real head may be higher.
 */
async function open(head = 3) {
  const joins: unknown[] = [];
  let listed = { ...aConversation, head: 3, read_sequence: 2, unread: 1 };
  const api = await httpServer(() => ({ status: 200, body: { items: [listed], next_cursor: null } }));
  const server = await socketServer((socket: Socket) => {
    socket.on("join_conversation", (call, ack) => {
      joins.push(call);
      // One of the entries added since is another participant's message.
      if (head > 3) listed = { ...listed, head, unread: 2 };
      ack({ ok: true, conversation: aConversation, participants: [], read_positions: [], head, entries: [], has_more: false });
    });
    socket.on("leave_conversation", (_, ack) => ack({ ok: true }));
  });
  const sessions = loggedIn();
  const gateway = new Gateway(server.origin, sessions);
  const inbox = new Inbox(gateway, new Rest(fetch, api.origin, sessions), ME);
  closing.push(api.close, server.close, () => gateway.close(), () => inbox.close());
  gateway.open();
  inbox.open();
  await until(() => joins.length === 1, "the join");
  return { ...server, inbox, joins, unread: () => totalUnread(inbox.state.get()) };
}

describe("the inbox", () => {
  test("joins each conversation at its head, so that no entry is sent twice", async () => {
    const { joins, unread } = await open();
    expect(joins).toEqual([{ conversation_id: CONVERSATION, after_sequence: 3 }]);
    expect(unread()).toBe(1);
  });

  test("reads the list again if entries were added between the list and the join", async () => {
    const { unread } = await open(5);
    await until(() => unread() === 2, "the second read of the list");
  });

  test("does not count edits and notices", async () => {
    const { io, unread } = await open();
    io.emit("message.edited", { ...aMessage(4), message_id: "m1", body: "better" });
    io.emit("message.sent", aMessage(5));
    await until(() => unread() === 2, "only the message to be counted");
  });

  test("counts a pushed message as unread; my own marks the conversation as read", async () => {
    const { io, unread } = await open();
    io.emit("message.sent", aMessage(4));
    await until(() => unread() === 2, "the message");
    io.emit("message.sent", aMessage(5, { sender_id: ME }));
    await until(() => unread() === 0, "my own message");
  });

  test("applies what I have read in another window", async () => {
    const { io, unread } = await open();
    io.emit("receipt.updated", {
      conversation_id: CONVERSATION,
      account_id: ME,
      delivered_sequence: 3,
      read_sequence: 3,
    });
    await until(() => unread() === 0, "the receipt");
  });
});
