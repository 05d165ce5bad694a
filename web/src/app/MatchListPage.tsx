/** A vendor's matches, live. */

import { useCallback } from "react";
import type { Match } from "../parley/types";
import { useCategoryName, useClient, useOpened, useStore } from "./context";
import { endOfMatch, miles, when } from "./format";
import { Empty, ErrorNote, Loading, PageTitle, StateBadge } from "./parts";
import { go, href } from "./router";
import { useAction } from "./useAction";
import { useOwnVendor, VendorStatus } from "./VendorStatus";

export function MatchListPage() {
  const client = useClient();
  const make = useCallback(
    () => client.list(client.rest.matches, ["match.offered", "match.updated", "rfi.awarded"]),
    [client],
  );
  const list = useOpened(make);
  const { items, error } = useStore(list.state);
  const own = useOwnVendor();
  return (
    <>
      <PageTitle title="Your matches" />
      <ErrorNote error={own.error} onRetry={own.reload} />
      {own.vendor !== null && <VendorStatus vendor={own.vendor} />}
      <ErrorNote error={error} onRetry={() => void list.reload()} />
      {items === null && error === null && <Loading what="your matches" />}
      {items?.length === 0 && own.vendor?.state === "active" && (
        <Empty title="No matches yet">
          <p>Keep this page open: new requests near you appear here automatically.</p>
        </Empty>
      )}
      <ul className="list" aria-live="polite">
        {items?.map((match) => (
          <MatchItem key={match.id} match={match} onChanged={() => void list.reload()} />
        ))}
      </ul>
    </>
  );
}

function MatchItem({ match, onChanged }: { match: Match; onChanged: () => void }) {
  const categoryName = useCategoryName();
  const { rfi } = match;
  const reason = endOfMatch(match, "vendor");
  return (
    <li className="card item-with-actions" data-testid="match-item" data-id={match.id} data-state={match.state}>
      <a className="item" href={href("match", match.id)} data-testid="match-open">
        <span className="item-title">
          <bdi>{rfi?.title ?? "A request"}</bdi>
        </span>
        <StateBadge state={match.state} />
        <span className="item-more">
          {rfi ? `${categoryName(rfi.category)} · ` : ""}
          {miles(match.distance_m)} away · {when(match.offered_at)}
          {reason ? ` · ${reason}` : ""}
        </span>
      </a>
      {match.state === "offered" && <MatchActions match={match} onChanged={onChanged} />}
    </li>
  );
}

/** The buttons Accept and Decline. Accept opens the match's page, which has the conversation. */
export function MatchActions({ match, onChanged }: { match: Match; onChanged: () => void }) {
  const { rest, inbox } = useClient();
  const action = useAction();
  const run = (command: () => Promise<unknown>, isAccepting: boolean) =>
    void action.run(async () => {
      try {
        await command();
      } finally {
        onChanged();
      }
      if (isAccepting) {
        void inbox.reload();
        go("match", match.id);
      }
    });
  return (
    <div className="row">
      <button
        type="button"
        className="primary"
        disabled={action.isBusy}
        data-testid="match-accept"
        onClick={() => run(() => rest.acceptMatch(match.id), true)}
      >
        Accept
      </button>
      <button
        type="button"
        disabled={action.isBusy}
        data-testid="match-decline"
        onClick={() => run(() => rest.declineMatch(match.id), false)}
      >
        Decline
      </button>
      <ErrorNote error={action.error} />
    </div>
  );
}
