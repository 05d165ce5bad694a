import { describe, expect, test } from "vitest";
import {
  aBlock,
  aConversation,
  aDeletion,
  aJoin,
  aMessage,
  aMessageEntry,
  aNotice,
  anEdit,
  ME,
  messages,
  OTHER,
} from "../testing/builders";
import * as steps from "./conversation";
import * as outgoing from "./outgoing";
import { ParleyError } from "./errors";
import type { Entry } from "./types";

const opened = (entries: Entry[], head = entries.length) =>
  steps.joined(steps.EMPTY, aJoin(entries, { head }));

const shown = (state: steps.ConversationState) =>
  steps.timeline(state, ME).map((item) => {
    if (item.kind === "notice") return item.notice.code;
    return item.kind === "pending" ? `${item.pending.body} (${item.pending.state})` : item.body;
  });

const writing = (id: string, body: string) => ({
  client_message_id: id,
  body,
  written_at: "2030-05-01T12:00:00.000Z",
});

/** All orders of a short list. */
function permutations<T>(list: T[]): T[][] {
  if (list.length < 2) return [list];
  return list.flatMap((each, index) =>
    permutations(list.toSpliced(index, 1)).map((rest) => [each, ...rest]),
  );
}

describe("the order of entries", () => {
  test("pushes in any order, some of them repeated, result in the same conversation", () => {
    const start = opened(messages(1, 2));
    const later: Entry[] = [
      aMessageEntry(3),
      anEdit(4, "message-3", "corrected"),
      aNotice(5),
      aDeletion(6, "message-2"),
    ];
    for (const order of permutations(later)) {
      let state = start;
      for (const entry of [...order, ...order]) state = steps.entriesAdded(state, [entry]);
      expect(shown(state)).toEqual(["body 1", "", "corrected", "participant_joined"]);
      expect(steps.missingAfter(state)).toBeNull();
    }
  });

  test("a known entry changes nothing, not even the map's identity", () => {
    const state = opened(messages(1, 3));
    expect(steps.entriesAdded(state, [aMessageEntry(2, { body: "other" })]).entries).toBe(state.entries);
  });

  test("a message with a client_message_id that its sender has already used is not shown", () => {
    const again = aMessageEntry(2, { client_message_id: "client-1", body: "again" });
    const state = opened([aMessageEntry(1), again]);
    expect(shown(state)).toEqual(["body 1"]);
    expect(state.dense).toBe(2);
  });
});

describe("gaps", () => {
  test("entries after a gap are held back, and the gap is reported as missing", () => {
    const state = steps.entriesAdded(opened(messages(1, 3)), [aMessageEntry(6)]);
    expect(shown(state)).toEqual(["body 1", "body 2", "body 3"]);
    expect(steps.missingAfter(state)).toBe(3);
  });

  test("a page that fills the gap makes all entries visible", () => {
    const holed = steps.entriesAdded(opened(messages(1, 3)), [aMessageEntry(6)]);
    const state = steps.pageAdded(holed, { entries: messages(4, 5), head: 6, has_more: false, epoch: "0", is_snapshot: false });
    expect(shown(state)).toHaveLength(6);
    expect(steps.missingAfter(state)).toBeNull();
  });

  test("a higher head means that entries are missing, a lower head does not", () => {
    const state = opened(messages(1, 3));
    expect(steps.missingAfter(steps.headRaised(state, 5))).toBe(3);
    expect(steps.missingAfter(steps.headRaised(state, 2))).toBeNull();
  });

  test("after a join with only the first page, the rest is missing", () => {
    expect(steps.missingAfter(opened(messages(1, 200), 450))).toBe(200);
  });

  test("after a join with only the newest page, older pages can be loaded and are placed before it", () => {
    const state = opened(messages(251, 450), 450);
    expect([steps.missingAfter(state), steps.hasOlder(state)]).toEqual([null, true]);
    const more = steps.pageAdded(state, { entries: messages(201, 250), head: 450, has_more: true, epoch: "0", is_snapshot: false });
    expect([more.first, more.dense]).toEqual([201, 450]);
    expect(shown(more)[0]).toBe("body 201");
  });

  test("nothing is missing from an empty conversation", () => {
    expect(steps.missingAfter(opened([]))).toBeNull();
    expect(steps.hasOlder(opened([]))).toBe(false);
  });
});

describe("resuming", () => {
  test("the entries of a join after a sequence are added to the known ones", () => {
    const before = opened(messages(1, 3));
    const after = steps.joined(before, aJoin(messages(4, 5)));
    expect(shown(after)).toEqual(["body 1", "body 2", "body 3", "body 4", "body 5"]);
  });

  test("after a resume that is longer than a page, the rest is missing", () => {
    const answer = aJoin(messages(4, 203), { head: 500, has_more: true, epoch: "0", is_snapshot: false });
    expect(steps.missingAfter(steps.joined(opened(messages(1, 3)), answer))).toBe(203);
  });

  test("a resume with nothing new changes nothing", () => {
    const before = opened(messages(1, 3));
    expect(shown(steps.joined(before, aJoin([], { head: 3 })))).toEqual(shown(before));
  });
});

describe("optimistic sending", () => {
  test("a written message is shown at the end immediately", () => {
    const state = outgoing.messageAdded(opened(messages(1, 1)), writing("mine", "hello"));
    expect(shown(state)).toEqual(["body 1", "hello (waiting)"]);
  });

  test("the acknowledgement moves it to its place, under the same key", () => {
    const pending = outgoing.messageAdded(opened(messages(1, 1)), writing("mine", "hello"));
    const answer = aMessage(2, { client_message_id: "mine", sender_id: ME, body: "hello" });
    const state = outgoing.acknowledged(pending, answer);
    expect(shown(state)).toEqual(["body 1", "hello"]);
    expect(state.pending).toEqual([]);
    expect(steps.timeline(state, ME)[1]?.key).toBe(steps.timeline(pending, ME)[1]?.key);
  });

  test("it is shown once if its push arrives before, after or instead of the acknowledgement", () => {
    const pending = outgoing.messageAdded(opened(messages(1, 1)), writing("mine", "hello"));
    const answer = aMessage(2, { client_message_id: "mine", sender_id: ME, body: "hello" });
    const pushed = steps.entriesAdded(pending, [steps.entryOfMessage(answer)]);
    for (const state of [
      pushed,
      outgoing.acknowledged(pushed, answer),
      steps.entriesAdded(outgoing.acknowledged(pending, answer), [steps.entryOfMessage(answer)]),
    ]) {
      expect(shown(state)).toEqual(["body 1", "hello"]);
    }
  });

  test("an acknowledged message after a gap stays visible until the gap is filled", () => {
    const pending = outgoing.messageAdded(opened(messages(1, 1)), writing("mine", "hello"));
    const answer = aMessage(3, { client_message_id: "mine", sender_id: ME, body: "hello" });
    const holed = outgoing.acknowledged(pending, answer);
    expect(shown(holed)).toEqual(["body 1", "hello (sent)"]);
    expect(shown(steps.entriesAdded(holed, messages(2, 2)))).toEqual(["body 1", "body 2", "hello"]);
  });

  test("a refused message keeps its error, and can be retried or dropped", () => {
    const error = new ParleyError("rate_limited", "Too many.");
    const written = outgoing.messageAdded(opened([]), writing("mine", "hello"));
    const refused = outgoing.refused(written, "mine", error);
    expect(refused.pending[0]).toMatchObject({ state: "failed", error });
    expect(outgoing.retried(refused, "mine").pending[0]).toMatchObject({ state: "waiting", error: null });
    expect(outgoing.dropped(refused, "mine").pending).toEqual([]);
  });
});

describe("edits and deletions", () => {
  test("the last edit applies, and an edit after a deletion is ignored", () => {
    const state = opened([
      aMessageEntry(1),
      anEdit(2, "message-1", "first"),
      anEdit(3, "message-1", "second"),
      aMessageEntry(4),
      aDeletion(5, "message-4"),
      anEdit(6, "message-4", "too late"),
    ]);
    const items = steps.timeline(state, ME);
    expect(items[0]).toMatchObject({ body: "second", is_edited: true, is_deleted: false });
    expect(items[1]).toMatchObject({ body: "", is_deleted: true });
  });

  test("an edit of a message that is not loaded applies once the message is loaded", () => {
    const state = opened([anEdit(5, "message-4", "corrected"), aMessageEntry(6)], 6);
    expect(shown(state)).toEqual(["body 6"]);
    const more = steps.pageAdded(state, { entries: messages(3, 4), head: 6, has_more: true, epoch: "0", is_snapshot: false });
    expect(shown(more)).toEqual(["body 3", "corrected", "body 6"]);
  });
});

describe("receipts and typing", () => {
  test("a read position only moves forward", () => {
    const ahead = { account_id: OTHER, delivered_sequence: 5, read_sequence: 4 };
    const late = { account_id: OTHER, delivered_sequence: 3, read_sequence: 2 };
    const state = steps.positionMoved(steps.positionMoved(opened(messages(1, 5)), ahead), late);
    expect(steps.readByOthers(state, ME)).toBe(4);
  });

  test("my own read position does not mark my messages as read", () => {
    const mine = { account_id: ME, delivered_sequence: 5, read_sequence: 5 };
    expect(steps.readByOthers(steps.positionMoved(opened(messages(1, 5)), mine), ME)).toBe(0);
  });

  test("typing ends with a push, with a message, or after its time-out", () => {
    const typing = steps.typingChanged(opened(messages(1, 1)), OTHER, true, 1_000);
    expect(typing.typing.has(OTHER)).toBe(true);
    expect(steps.typingChanged(typing, OTHER, false, 2_000).typing.size).toBe(0);
    expect(steps.entriesAdded(typing, [aMessageEntry(2)]).typing.size).toBe(0);
    expect(steps.typingExpired(typing, 1_000 + steps.TYPING_TTL_MS).typing.size).toBe(0);
    expect(steps.typingExpired(typing, 2_000)).toBe(typing);
  });
});

test("the join says who is active, then pushes update it", () => {
  const [me, other] = aConversation.participants;
  const participants = [me, other].flatMap((each) => (each ? [{ ...each, is_active: true }] : []));
  const met = steps.joined(steps.EMPTY, aJoin([], { participants }));
  expect([...met.active]).toEqual([ME, OTHER]);
  expect([...steps.presenceChanged(met, OTHER, false).active]).toEqual([ME]);
});

describe("a block", () => {
  const busy = steps.typingChanged(
    steps.presenceChanged(opened(messages(1, 2)), OTHER, true),
    OTHER,
    true,
    1_000,
  );

  test("closes the conversation, records whether I blocked it, and clears typing and presence", () => {
    const theirs = steps.blockChanged(busy, aBlock());
    expect(theirs.conversation).toMatchObject({ is_open: false, blocked_by_me: false });
    expect([theirs.typing.size, theirs.active.size]).toEqual([0, 0]);
    const both = steps.blockChanged(theirs, aBlock({ blocked_by_me: true }));
    expect(both.conversation).toMatchObject({ is_open: false, blocked_by_me: true });
    expect(shown(both)).toEqual(["body 1", "body 2"]);
  });

  test("that ends leaves the conversation open as before", () => {
    const closed = steps.blockChanged(busy, aBlock());
    const open = steps.blockChanged(closed, aBlock({ is_open: true }));
    expect(open.conversation).toEqual(aConversation);
  });

  test("that is known only from its notice contradicts the state; other entries do not", () => {
    const open = opened(messages(1, 1));
    const closed = steps.blockChanged(open, aBlock());
    const says = (state: steps.ConversationState, code: string) =>
      steps.contradicts(state, aNotice(2, code));
    expect([says(open, "conversation_closed"), says(open, "conversation_reopened")]).toEqual([true, false]);
    expect([says(closed, "conversation_closed"), says(closed, "conversation_reopened")]).toEqual([false, true]);
    expect([says(open, "rfi_awarded"), steps.contradicts(open, aMessageEntry(2))]).toEqual([false, false]);
  });
});
