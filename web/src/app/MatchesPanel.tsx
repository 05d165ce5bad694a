/** The vendors to whom an RFI was offered, with a link to the conversation once a vendor accepts. */

import { useCallback } from "react";
import type { ListedConversation, Match, Rfi } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { endOfMatch, miles, when } from "./format";
import { Empty, ErrorNote, Loading, StateBadge, UnreadBadge } from "./parts";
import { href } from "./router";

export function MatchesPanel({ rfi }: { rfi: Rfi }) {
  const client = useClient();
  const make = useCallback(
    () => client.list(() => client.rest.rfiMatches(rfi.id), ["match.offered", "match.updated"]),
    [client, rfi.id],
  );
  const list = useOpened(make);
  const { items, error } = useStore(list.state);
  const conversations = useStore(client.inbox.state).items;
  return (
    <section className="card" aria-labelledby="matches-title">
      <h2 id="matches-title">Vendors contacted</h2>
      <ErrorNote error={error} onRetry={() => void list.reload()} />
      {items === null && error === null && <Loading what="vendors" />}
      {items?.length === 0 && (
        <Empty title={rfi.state === "open" ? "Finding the closest vendors…" : "No vendors were contacted"} />
      )}
      <ul className="rows" aria-live="polite">
        {items?.map((match) => (
          <MatchRow
            key={match.id}
            match={match}
            conversation={conversations?.find((each) => each.id === match.conversation_id)}
          />
        ))}
      </ul>
    </section>
  );
}

function MatchRow(props: { match: Match; conversation: ListedConversation | undefined }) {
  const { match, conversation } = props;
  const reason = endOfMatch(match, "customer");
  return (
    <li data-testid="match-item" data-id={match.id} data-state={match.state}>
      <div className="row-main">
        <strong>
          <bdi>{match.vendor_name ?? "A vendor"}</bdi>
        </strong> <StateBadge state={match.state} />
        <div className="muted">
          {miles(match.distance_m)} away · contacted {when(match.offered_at)}
          {reason ? ` · ${reason}` : ""}
        </div>
      </div>
      {match.conversation_id && (
        <a
          className="button"
          href={href("conversation", match.conversation_id)}
          data-testid="open-conversation"
        >
          Open conversation <UnreadBadge count={conversation?.unread ?? 0} />
        </a>
      )}
    </li>
  );
}
