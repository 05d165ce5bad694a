/** An RFI as a vendor follows it: what changed since its quote or the offer is marked. */

import { useCallback } from "react";
import type { RfiFeed } from "../parley/rfi-feed";
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
  /** The revision the match was offered on. */
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
      <Loading what="the request" />
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

/** Declined, or out of the vendor's reach: what it asks for is not this vendor's to read any more. */
function NoLongerOpen() {
  return (
    <section className="card" role="status" data-testid="rfi-gone">
      <Empty title="This request is no longer open to you">
        <p>You declined it, or it changed and went to other vendors. There is nothing left to do here.</p>
        <a href={href("start")}>All your matches</a>
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
  const quoted = items?.find((each) => each.vendor_id === me.id)?.rfi_revision;
  const since = quoted ?? knownRevision;
  const isBehind = since !== undefined && since < feed.rfi.revision;
  return (
    <section className="card" aria-labelledby="rfi-title">
      <h2 id="rfi-title">The request</h2>
      <p className="muted" role="status">
        Revision {feed.rfi.revision}
        {isBehind
          ? `; what changed since ${quoted === undefined ? "you were asked" : "your quote"} is marked`
          : ""}
      </p>
      <RfiDetails feed={feed} since={since} />
    </section>
  );
}
