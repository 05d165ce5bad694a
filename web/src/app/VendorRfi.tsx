/** An RFI as a vendor sees it, live: changes since its quote, or else since the offer, are marked. */

import { useCallback } from "react";
import { changedContent, type RfiFeed } from "../parley/rfi-feed";
import type { Rfi } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { Empty, ErrorNote, Loading } from "./parts";
import { OwnQuote } from "./QuoteForm";
import { useQuotes } from "./QuotesPanel";
import { RfiChanges } from "./RfiChanges";
import { RfiDetails } from "./RfiDetails";
import { href } from "./router";

interface Props {
  rfiId: string;
  /** The revision at which the match was offered. */
  knownRevision: number | undefined;
  canQuote: boolean;
}

export function VendorRfi({ rfiId, knownRevision, canQuote }: Props) {
  const client = useClient();
  const rfiClient = useOpened(useCallback(() => client.rfi(rfiId), [client, rfiId]));
  const feed = useStore(rfiClient.feed);
  const failure = useStore(rfiClient.failure);
  const { rfi } = feed;
  if (failure?.code === "not_found") return <NoLongerOpen />;
  if (rfi === null) {
    return failure === null ? (
      <Loading what="request" />
    ) : (
      <ErrorNote error={failure} onRetry={() => void rfiClient.load()} />
    );
  }
  return (
    <>
      {canQuote && <OwnQuote rfi={rfi} />}
      <FollowedDetails feed={{ ...feed, rfi }} knownRevision={knownRevision} />
      <RfiChanges feed={feed} />
    </>
  );
}

/** Shown when the vendor declined, or the RFI no longer suits it: it may no longer read the RFI. */
function NoLongerOpen() {
  return (
    <section className="card" role="status" data-testid="rfi-gone">
      <Empty title="This request is no longer open to you">
        <p>You declined it, or it changed and went to other vendors. You do not need to do anything.</p>
        <a href={href("start")}>See all your matches</a>
      </Empty>
    </section>
  );
}

function FollowedDetails(props: {
  feed: RfiFeed & { rfi: Rfi };
  knownRevision: number | undefined;
}) {
  const { feed, knownRevision } = props;
  const { me } = useClient();
  const { items } = useQuotes(feed.rfi.id);
  const quote = items?.find((each) => each.vendor_id === me.id);
  const quoted = quote && Math.max(quote.rfi_revision, quote.confirmed_rfi_revision ?? 0);
  const since = quoted ?? knownRevision;
  const hasChanges = since !== undefined && changedContent(feed, since).length > 0;
  return (
    <section className="card" aria-labelledby="rfi-title">
      <h2 id="rfi-title">Request</h2>
      <p className="muted" role="status">
        Revision {feed.rfi.revision}
        {hasChanges
          ? `. Changes since ${quoted === undefined ? "you received it" : "your quote"} are marked.`
          : ""}
      </p>
      <RfiDetails feed={feed} since={since} />
    </section>
  );
}
