/**
 * The state of an RFI and its revisions; each revision's changes are applied in order. Pure;
 * rfi-client.ts has the network.
 */

import { isOtherEpoch } from "./epochs";
import type { Change, JoinedRfi, Revision, Rfi } from "./types";

export interface RfiFeed {
  rfi: Rfi | null;
  revisions: ReadonlyMap<number, Revision>;
  /** The highest revision known to exist. */
  head: number;
  /** The epoch of the revisions; null while it is unknown. */
  epoch: string | null;
}

export const NO_RFI: RfiFeed = { rfi: null, revisions: new Map(), head: 0, epoch: null };

/** Applies an RFI and revisions from REST or a join; an RFI older than ours is ignored. */
export function withSnapshot(feed: RfiFeed, rfi: Rfi, revisions: readonly Revision[]): RfiFeed {
  const isNewer = feed.rfi === null || rfi.revision >= feed.rfi.revision;
  return revisionsAdded({ ...feed, rfi: isNewer ? rfi : feed.rfi }, revisions);
}

/** Applies the answer to a join. One of another epoch, or a snapshot older than ours, starts over. */
export function joined(feed: RfiFeed, answer: JoinedRfi): RfiFeed {
  const isBehind = answer.is_snapshot === true && answer.revision < (feed.rfi?.revision ?? 0);
  const base = isBehind || isOtherEpoch(feed.epoch, answer.epoch) ? NO_RFI : feed;
  const epoch = answer.epoch ?? feed.epoch;
  return headRaised(withSnapshot({ ...base, epoch }, answer.rfi, answer.changes), answer.revision);
}

/** Adds revisions and applies those that follow; those after a gap are held back. */
export function revisionsAdded(feed: RfiFeed, incoming: readonly Revision[]): RfiFeed {
  const revisions = new Map(feed.revisions);
  let head = Math.max(feed.head, feed.rfi?.revision ?? 0);
  for (const revision of incoming) {
    revisions.set(revision.revision, revision);
    head = Math.max(head, revision.revision);
  }
  let rfi = feed.rfi;
  for (let next = nextRevision(rfi, revisions); rfi && next; next = nextRevision(rfi, revisions)) {
    rfi = withRevision(rfi, next);
  }
  return { ...feed, rfi, revisions, head };
}

export const headRaised = (feed: RfiFeed, head: number): RfiFeed =>
  head > feed.head ? { ...feed, head } : feed;

/** The revision after which to fetch changes, or null if the RFI is up to date. */
export function missingAfter(feed: RfiFeed): number | null {
  const at = feed.rfi?.revision ?? 0;
  return at < feed.head ? at : null;
}

/** The change history, newest first. */
export const history = (feed: RfiFeed): Revision[] =>
  [...feed.revisions.values()].sort((a, b) => b.revision - a.revision);

/** The changes after a revision as one difference: the first old value and the last new one. */
export function difference(feed: RfiFeed, after_revision: number): Change[] {
  const byPath = new Map<string, Change>();
  for (const revision of history(feed).toReversed()) {
    if (revision.revision <= after_revision) continue;
    for (const change of revision.changes) {
      const old = byPath.get(change.path)?.old ?? change.old;
      byPath.set(change.path, { path: change.path, old, new: change.new });
    }
  }
  return [...byPath.values()].filter((each) => !isSame(each.old, each.new));
}

/** Fields that Parley sets: what became of the RFI, which is no change of what is asked for. */
const OUTCOME = new Set([
  "state",
  "submitted_at",
  "expires_at",
  "ended_reason",
  "awarded_quote_id",
  "awarded_quote_revision",
  "awarded_vendor_id",
  "is_award_outdated",
  "award_cancellable_until",
]);

/** What the customer has changed after a revision, without what became of the RFI. */
export const changedContent = (feed: RfiFeed, after_revision: number): Change[] =>
  difference(feed, after_revision).filter((each) => !OUTCOME.has(each.path));

/**
 * Applies one revision to an RFI. A path with a dot names a part of an object (`budget.max_minor`).
 */
export function withRevision(rfi: Rfi, revision: Revision): Rfi {
  const next: Record<string, unknown> = { ...rfi };
  for (const change of revision.changes) {
    const [field = "", part] = split(change.path);
    if (part === undefined) next[field] = change.new;
    else next[field] = withPart(next[field], part, change.new);
  }
  return { ...(next as unknown as Rfi), revision: revision.revision, updated_at: revision.at };
}

function nextRevision(rfi: Rfi | null, revisions: ReadonlyMap<number, Revision>): Revision | undefined {
  return rfi === null ? undefined : revisions.get(rfi.revision + 1);
}

function split(path: string): [string, string | undefined] {
  const dot = path.indexOf(".");
  return dot < 0 ? [path, undefined] : [path.slice(0, dot), path.slice(dot + 1)];
}

/** Sets a part of an object; null removes it. */
function withPart(object: unknown, part: string, value: unknown): Record<string, unknown> {
  const copy = { ...(object as Record<string, unknown> | null) };
  if (value === null) delete copy[part];
  else copy[part] = value;
  return copy;
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
