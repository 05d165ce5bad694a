/** One match of a vendor: the RFI, live; once accepted, the conversation and the quote. */

import { useCallback } from "react";
import type { Match } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { miles, words } from "./format";
import { MatchActions } from "./MatchListPage";
import { Empty, ErrorNote, Loading, PageTitle, StateBadge } from "./parts";
import { href } from "./router";
import { VendorRfi } from "./VendorRfi";
import { Workspace } from "./Workspace";

/** Follows my match by its id. The list is read, since there is no route for a single match. */
function useMatch(isIt: (match: Match) => boolean) {
  const client = useClient();
  const make = useCallback(
    () =>
      client.list(client.rest.matches, [
        "match.offered",
        "match.updated",
        "rfi.changed",
        "rfi.awarded",
      ]),
    [client],
  );
  const list = useOpened(make);
  const { items, error } = useStore(list.state);
  return { list, error, isLoaded: items !== null, match: items?.find(isIt) };
}

export function MatchPage({ id }: { id: string }) {
  const { list, error, isLoaded, match } = useMatch((each) => each.id === id);
  if (match === undefined) {
    if (error !== null) return <ErrorNote error={error} onRetry={() => void list.reload()} />;
    if (!isLoaded) return <Loading what="the match" />;
    return (
      <Empty title="You have no such match">
        <a href={href()}>All your matches</a>
      </Empty>
    );
  }
  const title = match.rfi?.title ?? "A request";
  if (match.conversation_id) {
    return (
      <Workspace title={title} conversationId={match.conversation_id}>
        <VendorRfi rfiId={match.rfi_id} knownRevision={match.rfi_revision} canQuote />
      </Workspace>
    );
  }
  return (
    <div className="narrow stack">
      <PageTitle title={title} />
      <p>
        <StateBadge state={match.state} /> {miles(match.distance_m)} away
        {match.closed_reason ? ` · ${words(match.closed_reason)}` : ""}
      </p>
      {match.state === "offered" && (
        <MatchActions match={match} onChanged={() => void list.reload()} />
      )}
      <VendorRfi rfiId={match.rfi_id} knownRevision={match.rfi_revision} canQuote={false} />
    </div>
  );
}
