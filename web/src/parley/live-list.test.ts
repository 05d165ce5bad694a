import { afterEach, describe, expect, test } from "vitest";
import { loggedIn, socketServer, until } from "../testing/servers";
import { errorFromProblem } from "./errors";
import { Gateway } from "./gateway";
import { LiveList } from "./live-list";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function open(read: (count: number) => Promise<string[]>) {
  const server = await socketServer(() => undefined);
  const gateway = new Gateway(server.origin, loggedIn());
  gateway.open();
  await until(() => gateway.is_connected, "the connection");
  let count = 0;
  const list = new LiveList(() => read((count += 1)), gateway, ["match.offered"]);
  closing.push(server.close, () => gateway.close(), () => list.close());
  list.open();
  return { ...server, list, reads: () => count };
}

describe("a live list", () => {
  test("is read once at the start, once for a burst of pushes, and once after a reconnect", async () => {
    const { io, list, reads } = await open((count) => Promise.resolve([`read ${count}`]));
    await until(() => list.state.get().items !== null, "the first read");
    for (let push = 0; push < 5; push += 1) io.emit("match.offered", {});
    await until(() => reads() === 2, "the read after the burst");
    io.disconnectSockets(true);
    await until(() => reads() === 3, "the read after the reconnect");
    expect(list.state.get()).toEqual({ items: ["read 3"], error: null });
  });

  test("is read again if it changed while it was being read", async () => {
    let finish: (items: string[]) => void = () => undefined;
    const { list, reads } = await open((count) =>
      count === 1 ? new Promise((resolve) => (finish = resolve)) : Promise.resolve(["new"]),
    );
    const reloaded = list.reload();
    finish(["old"]);
    await reloaded;
    expect([reads(), list.state.get().items]).toEqual([2, ["new"]]);
  });

  test("keeps its items and has an error when a later read fails", async () => {
    const { list } = await open((count) =>
      count === 1 ? Promise.resolve(["kept"]) : Promise.reject(errorFromProblem(503, null)),
    );
    await until(() => list.state.get().items !== null, "the first read");
    await list.reload();
    expect(list.state.get()).toMatchObject({ items: ["kept"], error: { code: "unavailable" } });
  });
});
