/** Runs the client against a gateway that is replaced while the test and the other side write. */

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { oneTab, until } from "../testing/servers";
import { timeline } from "./conversation";
import { ConversationClient } from "./conversation-client";
import { Gateway } from "./gateway";

/** The task from tests/realtime/test_page_client.py; `total` includes the other side's messages. */
interface Task {
  url: string;
  account: { id: string; role: "customer"; email: string; name: string };
  token: string;
  conversation_id: string;
  mine: number;
  total: number;
  result_path: string;
}

const task = JSON.parse(readFileSync(process.env["PARLEY_TASK"] ?? "", "utf8")) as Task;

test("every message is shown once and in order, and none is lost", async () => {
  const tokens = {
    account: task.account,
    access_token: task.token,
    refresh_token: "none",
    expires_in_s: 3_600,
  };
  const sessions = oneTab(() => Promise.resolve(tokens));
  sessions.start(tokens);
  const gateway = new Gateway(task.url, sessions);
  const me = task.account.id;
  const client = new ConversationClient({ gateway, conversation_id: task.conversation_id, me });
  let connections = 0;
  gateway.onConnected(() => (connections += 1));
  gateway.open();
  client.open();
  client.setVisible(true);
  for (let number = 0; number < task.mine; number += 1) client.send(`mine ${number}`);
  const isShown = () => client.state.get().dense >= task.total;
  const isReported = () => client.state.get().positions.get(me)?.read_sequence === task.total;
  await until(() => isShown() && isReported(), "every message", 50_000);

  const shown = timeline(client.state.get(), me);
  const messages = shown.flatMap((each) => (each.kind === "message" ? [each.message] : []));
  const mine = messages.filter((each) => each.sender_id === me).map((each) => each.body);
  expect(mine).toEqual(Array.from({ length: task.mine }, (_, number) => `mine ${number}`));
  expect(client.state.get().pending).toEqual([]);
  client.close();
  gateway.close();
  writeFileSync(task.result_path, JSON.stringify({ ids: messages.map((each) => each.id), connections }));
});
