/** A gateway with one conversation in memory, and a client connected to it. */

import type { Socket } from "socket.io";
import { timeline } from "../parley/conversation";
import { ConversationClient, type ConversationOptions } from "../parley/conversation-client";
import { Gateway } from "../parley/gateway";
import type { Message } from "../parley/types";
import { aConversation, aMessage, CONVERSATION, ME, messages } from "./builders";
import { loggedIn, socketServer, until } from "./servers";

export type Ack = (answer: unknown) => void;
export interface Call {
  name: string;
  [field: string]: unknown;
}

const closing: (() => unknown)[] = [];

/** Closes everything that `open` has opened; call it after each test. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close();
}

/** Registers something else for `closeAll` to close. */
export const closeLater = (...close: (() => unknown)[]): void => void closing.push(...close);

const UNKNOWN_EPOCH = {
  code: "validation_failed",
  message: "Some values are not valid.",
  temporary: false,
  errors: [{ path: "epoch", message: "Unknown field." }],
};

/**
 * A gateway with one conversation in memory; a test replaces `onSend` to withhold acknowledgements.
 */
export class FakeGateway {
  readonly log: Message[] = [];
  readonly calls: Call[] = [];
  is_open = true;
  /** The error with which joins are refused, if any. */
  refusal: object | null = null;
  /** Like a gateway of a release without epochs. */
  refusesEpochs = false;
  /** Replaces the answer to `fetch_entries`. */
  onFetch: ((ack: Ack) => void) | null = null;
  /** Undefined if the gateway sends no epoch. */
  epoch: string | undefined;
  onSend: (socket: Socket, message: Message, ack: Ack) => void = (_, message, ack) =>
    ack({ ok: true, message });

  serve = (socket: Socket): void => {
    socket.onAny((name: string, payload: object) => this.calls.push({ name, ...payload }));
    socket.on("join_conversation", ({ after_sequence = 0, epoch }, ack: Ack) => {
      if (this.refusesEpochs && epoch !== undefined) return ack({ ok: false, error: UNKNOWN_EPOCH });
      if (this.refusal !== null) return ack({ ok: false, error: this.refusal });
      void socket.join(CONVERSATION);
      return ack({
        ok: true,
        conversation: { ...aConversation, is_open: this.is_open },
        participants: aConversation.participants,
        read_positions: [],
        ...this.pageWithEpoch(after_sequence, epoch),
      });
    });
    socket.on("fetch_entries", ({ after_sequence, limit, epoch }, ack: Ack) =>
      this.onFetch === null
        ? ack({ ok: true, ...this.pageWithEpoch(after_sequence, epoch, limit) })
        : this.onFetch(ack),
    );
    socket.on("send_message", (call, ack: Ack) => this.onSend(socket, this.add(call), ack));
    for (const name of ["mark_read", "mark_delivered", "set_typing", "leave_conversation"]) {
      socket.on(name, (_, ack: Ack) => ack({ ok: true }));
    }
  };

  /** Idempotent, as the marketplace is. */
  add({ client_message_id, body }: { client_message_id: string; body: string }): Message {
    const old = this.log.find((each) => each.client_message_id === client_message_id);
    if (old) return old;
    const message = aMessage(this.log.length + 1, { client_message_id, body, sender_id: ME });
    this.log.push(message);
    return message;
  }

  page(after: number, limit = 200) {
    const entries = this.log
      .slice(after, after + limit)
      .map((each) => ({ ...each, kind: "message", at: each.sent_at }));
    const head = this.log.length;
    return { entries, head, has_more: after + entries.length < head };
  }

  /** The page after a number; the first page as a snapshot if the number is not valid here. */
  pageWithEpoch(after: number, epoch: string | undefined, limit?: number) {
    if (this.epoch === undefined) return this.page(after, limit);
    const is_snapshot = after > this.log.length || (epoch !== undefined && epoch !== this.epoch);
    return { ...this.page(is_snapshot ? 0 : after, limit), epoch: this.epoch, is_snapshot };
  }

  named = (name: string): Call[] => this.calls.filter((each) => each.name === name);
}


export async function open(fake: FakeGateway, options: Partial<ConversationOptions> = {}) {
  const server = await socketServer(fake.serve);
  const gateway = new Gateway(server.origin, loggedIn());
  const client = new ConversationClient({ gateway, conversation_id: CONVERSATION, me: ME, ...options });
  closing.push(server.close, () => gateway.close(), () => client.close());
  gateway.open();
  client.open();
  await until(() => client.state.get().conversation !== null, "the join");
  const bodies = () =>
    timeline(client.state.get(), ME).map((each) => (each.kind === "message" ? each.body : "?"));
  const push = (message: Message) => server.io.to(CONVERSATION).emit("message.sent", message);
  return { ...server, gateway, client, bodies, push };
}

export const withMessages = (count: number): FakeGateway => {
  const fake = new FakeGateway();
  fake.log.push(...messages(1, count));
  return fake;
};
