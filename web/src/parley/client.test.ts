import { afterEach, expect, test } from "vitest";
import { CONVERSATION } from "../testing/builders";
import { httpServer, loggedIn, someTokens } from "../testing/servers";
import { MemoryBrowser } from "../testing/unsent-store";
import { Client } from "./client";

let close: () => void = () => undefined;
afterEach(() => close());

test("a message counts as reported only after the marketplace has accepted the report", async () => {
  const problem = { code: "validation_failed", detail: "Describe what is wrong." };
  const server = await httpServer((_, count) =>
    count === 1 ? { status: 422, body: problem } : { status: 201, body: {} },
  );
  close = server.close;
  const client = new Client(fetch, server.origin, loggedIn(), someTokens(1).account, new MemoryBrowser().tab("customer-1"));
  const report = (details: string) => client.report(CONVERSATION, "message-1", "other", details);
  await expect(report("")).rejects.toMatchObject({ code: "validation_failed" });
  expect(client.reported.get().size).toBe(0);
  await report("It is a trap.");
  expect([...client.reported.get()]).toEqual(["message-1"]);
});
