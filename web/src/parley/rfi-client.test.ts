import { afterEach, describe, expect, test } from "vitest";
import { anRfi, aRevision } from "../testing/builders";
import { loggedIn, socketServer, until } from "../testing/servers";
import { errorFromProblem } from "./errors";
import { Gateway } from "./gateway";
import { RfiClient } from "./rfi-client";
import { withRevision } from "./rfi-feed";
import type { Revision, Rfi } from "./types";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A client of an RFI at revision 2, which the test can revise. */
async function open(
  rest?: ConstructorParameters<typeof RfiClient>[0]["rest"],
  max_changes = Infinity,
) {
  let rfi: Rfi = anRfi();
  const revisions: Revision[] = [aRevision(1, []), aRevision(2, [])];
  const joins: unknown[] = [];
  let refusal: object | null = null;
  const server = await socketServer((socket) => {
    socket.on("join_rfi", ({ after_revision }, ack) => {
      joins.push(after_revision);
      if (refusal !== null) return ack({ ok: false, error: refusal });
      void socket.join("rfi");
      const missed = revisions.slice(after_revision);
      const is_snapshot = missed.length > max_changes;
      const changes = is_snapshot ? [] : missed;
      ack({ ok: true, rfi, revision: rfi.revision, changes, is_snapshot });
    });
    socket.on("leave_rfi", (_, ack) => ack({ ok: true }));
  });
  const revise = (title: string): Revision => {
    const revision = aRevision(rfi.revision + 1, [{ path: "title", old: rfi.title, new: title }]);
    revisions.push(revision);
    rfi = withRevision(rfi, revision);
    return revision;
  };
  const gateway = new Gateway(server.origin, loggedIn());
  const reading = {
    rfi: () => Promise.resolve(rfi),
    changes: () => Promise.resolve([...revisions]),
  };
  const client = new RfiClient({ gateway, rest: rest ?? reading, rfi_id: "rfi-1" });
  closing.push(server.close, () => gateway.close(), () => client.close());
  gateway.open();
  client.open();
  const refuse = (code: string) => (refusal = { code, message: "No.", temporary: false });
  return { ...server, client, revise, refuse, joins, title: () => client.feed.get().rfi?.title };
}

describe("an RFI that is followed", () => {
  test("shows a vendor that accepts the fields that were withheld before", async () => {
    let isAccepted = false;
    const limited: Rfi = anRfi({ address: null, visibility: "limited" });
    const full: Rfi = anRfi({ address: "1437 Bannock St", visibility: "full" });
    const { client, io, joins } = await open({
      rfi: () => Promise.resolve(isAccepted ? full : limited),
      changes: () => Promise.resolve([]),
    });
    // Unlike REST, the answer to the join has no `visibility`, which shows when it has arrived.
    const isAnswered = () => joins.length > 0 && client.feed.get().rfi?.visibility === undefined;
    await until(() => client.feed.get().rfi !== null && isAnswered(), "the join's answer");
    await client.load();
    expect(client.feed.get().rfi?.address).toBeNull();
    isAccepted = true;
    io.emit("match.updated", { id: "match-1", rfi_id: "rfi-1", state: "accepted" });
    await until(() => client.feed.get().rfi?.address === "1437 Bannock St", "the address");
  });

  test("shows a pushed change, and fetches changes whose pushes were lost", async () => {
    const { client, io, revise, joins, title } = await open();
    await until(() => joins.length > 0 && client.feed.get().rfi !== null, "the join");
    io.emit("rfi.changed", revise("one"));
    await until(() => title() === "one", "the push");
    revise("two");
    io.emit("rfi.changed", revise("three"));
    await until(() => title() === "three", "the gap to be filled");
    expect(joins.at(-1)).toBe(3);
    expect([...client.feed.get().revisions.keys()].sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test("resumes by revision after a reconnect", async () => {
    const { client, io, revise, joins, title } = await open();
    await until(() => joins.length > 0 && client.feed.get().rfi !== null, "the join");
    io.disconnectSockets(true);
    revise("meanwhile");
    await until(() => title() === "meanwhile", "the resume");
    expect(joins.at(-1)).toBe(2);
  });

  test("reads its history over REST if more changes were missed than a join returns", async () => {
    const { client, io, revise, title } = await open(undefined, 1);
    await until(() => title() !== undefined, "the RFI");
    io.disconnectSockets(true);
    revise("one");
    revise("two");
    await until(() => client.feed.get().revisions.size === 4, "the history");
    expect(title()).toBe("two");
  });

  test("shows nothing once the account may no longer see the RFI", async () => {
    const { client, io, joins } = await open();
    await until(() => joins.length > 0 && client.feed.get().rfi !== null, "the join");
    io.emit("room.left", { room: "rfi:rfi-1", reason: "match_declined" });
    await until(() => client.failure.get() !== null, "the push");
    expect(client.feed.get().rfi).toBeNull();
  });

  test("ignores a response that was in flight when the account lost access", async () => {
    let answer: (rfi: Rfi) => void = () => undefined;
    const late = new Promise<Rfi>((resolve) => (answer = resolve));
    const { client, io } = await open({ rfi: () => late, changes: () => Promise.resolve([]) });
    await until(() => client.feed.get().rfi !== null, "the join");
    const reading = client.load();
    io.emit("room.left", { room: "rfi:rfi-1", reason: "match_declined" });
    await until(() => client.failure.get() !== null, "the push");
    answer(anRfi());
    await reading;
    expect([client.feed.get().rfi, client.failure.get()?.code]).toEqual([null, "not_found"]);
  });

  test.each(["not_found", "forbidden"])(
    "shows nothing if the account lost access while disconnected (%s)",
    async (code) => {
      const { client, io, refuse, joins } = await open();
      await until(() => joins.length > 0 && client.feed.get().rfi !== null, "the join");
      refuse(code);
      io.disconnectSockets(true);
      await until(() => client.failure.get()?.code === code, "the refusal");
      expect(client.feed.get().rfi).toBeNull();
    },
  );

  test("keeps showing the RFI while REST is briefly unavailable", async () => {
    let isAway = false;
    const sometimes = <T>(value: T) =>
      isAway ? Promise.reject(errorFromProblem(503, null)) : Promise.resolve(value);
    const { client, title } = await open({ rfi: () => sometimes(anRfi()), changes: () => sometimes([]) });
    await until(() => title() !== undefined, "the RFI");
    isAway = true;
    await client.load();
    expect([title(), client.failure.get()]).toEqual(["Leaking pipe", null]);
  });

  test("ignores the changes of other RFIs", async () => {
    const { client, io, revise, joins, title } = await open();
    await until(() => joins.length > 0 && client.feed.get().rfi !== null, "the join");
    io.emit("rfi.changed", { ...aRevision(3, [{ path: "title", old: "", new: "no" }]), rfi_id: "x" });
    io.emit("rfi.changed", revise("yes"));
    await until(() => title() === "yes", "the push");
  });

  test("is shown from the join alone while REST is unavailable", async () => {
    const away = () => Promise.reject(errorFromProblem(503, null));
    const { title } = await open({ rfi: away, changes: away });
    await until(() => title() === "Leaking pipe", "the join");
  });
});
