import { describe, expect, test } from "vitest";
import { anRfi, aRevision } from "../testing/builders";
import * as steps from "./rfi-feed";
import type { Change } from "./types";

const change = (path: string, old: Change["old"], now: Change["new"]): Change => ({
  path,
  old,
  new: now,
});
const title = aRevision(3, [change("title", "Leaking pipe", "Burst pipe")]);
const budget = aRevision(4, [change("budget.max_minor", 50_000, 90_000)]);
const withdrawn = aRevision(5, [change("state", "open", "withdrawn")], "withdrawn");
const opened = () => steps.withSnapshot(steps.NO_RFI, anRfi(), []);

describe("applying revisions", () => {
  test("in order leads to the new state", () => {
    const { rfi } = steps.revisionsAdded(opened(), [title, budget, withdrawn]);
    expect(rfi).toMatchObject({
      revision: 5,
      title: "Burst pipe",
      state: "withdrawn",
      budget: { min_minor: 10_000, max_minor: 90_000 },
      updated_at: withdrawn.at,
    });
  });

  test("out of order and repeatedly leads to the same state", () => {
    let feed = opened();
    for (const each of [withdrawn, title, withdrawn, budget, title]) feed = steps.revisionsAdded(feed, [each]);
    expect(feed.rfi).toEqual(steps.revisionsAdded(opened(), [title, budget, withdrawn]).rfi);
  });

  test("removes a part whose new value is null, and replaces a whole value", () => {
    const rfi = anRfi({ attributes: { floor: 3, lift: true } });
    const revision = aRevision(3, [
      change("attributes.floor", 3, null),
      change("attributes.lift", true, false),
      change("budget", rfi.budget ?? null, null),
    ]);
    expect(steps.withRevision(rfi, revision)).toMatchObject({ attributes: { lift: false }, budget: null });
    expect(steps.withRevision(rfi, revision).attributes).not.toHaveProperty("floor");
  });

  test("does not modify the given RFI", () => {
    const rfi = anRfi();
    steps.withRevision(rfi, budget);
    expect(rfi).toEqual(anRfi());
  });
});

describe("gaps", () => {
  test("a revision after a gap is held back, and the gap is reported as missing", () => {
    const feed = steps.revisionsAdded(opened(), [budget]);
    expect(feed.rfi?.revision).toBe(2);
    expect(steps.missingAfter(feed)).toBe(2);
    expect(steps.missingAfter(steps.revisionsAdded(feed, [title]))).toBeNull();
  });

  test("after a higher head, revisions are missing until a join brings them", () => {
    const behind = steps.headRaised(opened(), 4);
    expect(steps.missingAfter(behind)).toBe(2);
    const rfi = anRfi({ revision: 4, title: "Burst pipe" });
    const feed = steps.joined(behind, { rfi, revision: 4, changes: [title, budget], epoch: "0" });
    expect(steps.missingAfter(feed)).toBeNull();
    expect(steps.history(feed).map((each) => each.revision)).toEqual([4, 3]);
  });

  test("pushed revisions are applied to an older snapshot", () => {
    const pushed = steps.revisionsAdded(steps.NO_RFI, [title, budget]);
    expect(steps.withSnapshot(pushed, anRfi(), []).rfi).toMatchObject({ revision: 4, title: "Burst pipe" });
  });

  test("an older snapshot does not replace a newer RFI", () => {
    const feed = steps.revisionsAdded(opened(), [title]);
    expect(steps.withSnapshot(feed, anRfi(), []).rfi?.revision).toBe(3);
  });
});

describe("the difference since a revision", () => {
  const back = aRevision(5, [change("budget.max_minor", 90_000, 50_000)]);
  const again = aRevision(6, [change("title", "Burst pipe", "Flooded kitchen")]);

  test("has each field's first old value and last new value", () => {
    const feed = steps.revisionsAdded(opened(), [title, budget, again, aRevision(5, [])]);
    expect(steps.difference(feed, 2)).toEqual([
      change("title", "Leaking pipe", "Flooded kitchen"),
      change("budget.max_minor", 50_000, 90_000),
    ]);
    expect(steps.difference(feed, 4)).toEqual([change("title", "Burst pipe", "Flooded kitchen")]);
  });

  test("has no award as changed content: the vendor was asked for nothing else", () => {
    const awarded = aRevision(4, [
      change("state", "open", "awarded"),
      change("awarded_quote_id", null, "quote-1"),
      change("awarded_quote_revision", null, 1),
      change("awarded_vendor_id", null, "vendor-1"),
      change("award_cancellable_until", null, "2030-05-02T12:00:00.000Z"),
    ]);
    const feed = steps.revisionsAdded(opened(), [title, awarded]);
    expect(steps.changedContent(feed, 3)).toEqual([]);
    expect(steps.changedContent(feed, 2)).toEqual([change("title", "Leaking pipe", "Burst pipe")]);
  });

  test("omits fields that were changed back", () => {
    const feed = steps.revisionsAdded(opened(), [title, budget, back]);
    expect(steps.difference(feed, 3)).toEqual([]);
  });
});
