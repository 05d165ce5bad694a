/** A vendor's match: the live RFI and, once accepted, the conversation and the quote. */

import { useCallback } from "react";
import type { Match } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { endOfMatch, miles } from "./format";
import { MatchActions } from "./MatchListPage";
import { OtherAccount } from "./OtherAccount";
import { ErrorNote, Loading, PageTitle, StateBadge } from "./parts";
import { href } from "./router";
import { VendorRfi } from "./VendorRfi";
import { Workspace } from "./Workspace";

/**
 * Follows one of the vendor's matches. It reads the list: the API has no route for a single match.
 */
function useMatch(isWanted: (match: Match) => boolean) {
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
  return { list, error, isLoaded: items !== null, match: items?.find(isWanted) };
}

/** Explains why a match is closed. */
function ClosedNote({ match }: { match: Match }) {
  if (match.state !== "closed") return null;
  return (
    <p className="note" data-testid="match-ended">
      {endOfMatch(match, "vendor") || "This match is closed."}
    </p>
  );
}

/** Finds the match by its own id or by its RFI's id. */
export function MatchPage({ id, rfiId }: { id?: string; rfiId?: string }) {
  const { list, error, isLoaded, match } = useMatch(
    (each) => each.id === id || each.rfi_id === rfiId,
  );
  if (match === undefined) {
    if (error !== null) return <ErrorNote error={error} onRetry={() => void list.reload()} />;
    if (!isLoaded) return <Loading what="match" />;
    return (
      <div className="narrow stack">
        <PageTitle title="Match not found" />
        <a href={href("start")}>See all your matches</a>
        <OtherAccount />
      </div>
    );
  }
  const title = match.rfi?.title ?? "A request";
  if (match.conversation_id) {
    return (
      <Workspace title={title} conversationId={match.conversation_id} note={<ClosedNote match={match} />}>
        <VendorRfi rfiId={match.rfi_id} knownRevision={match.rfi_revision} canQuote />
      </Workspace>
    );
  }
  return (
    <div className="narrow stack">
      <PageTitle title={title} />
      <p>
        <StateBadge state={match.state} /> {miles(match.distance_m)} away
      </p>
      <ClosedNote match={match} />
      {match.state === "offered" && (
        <MatchActions match={match} onChanged={() => void list.reload()} />
      )}
      <VendorRfi rfiId={match.rfi_id} knownRevision={match.rfi_revision} canQuote={false} />
    </div>
  );
}
