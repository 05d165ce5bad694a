/** A conversation, with its RFI beside it. */

import { useCallback, useEffect, useState } from "react";
import { asParleyError, type ParleyError } from "../parley/errors";
import type { ListedConversation } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { isolated } from "./format";
import { OtherAccount } from "./OtherAccount";
import { ErrorNote, Loading } from "./parts";
import { QuotesPanel } from "./QuotesPanel";
import { RfiChanges } from "./RfiChanges";
import { RfiDetails } from "./RfiDetails";
import { href } from "./router";
import { VendorRfi } from "./VendorRfi";
import { Workspace } from "./Workspace";

/** The conversation from the inbox if it is loaded there, otherwise over REST. */
function useConversation(id: string): { found: ListedConversation | null; error: ParleyError | null } {
  const { inbox, rest } = useClient();
  const listed = useStore(inbox.state).items?.find((each) => each.id === id);
  const [read, setRead] = useState<ListedConversation | null>(null);
  const [error, setError] = useState<ParleyError | null>(null);
  const isListed = listed !== undefined;
  useEffect(() => {
    if (isListed) return;
    rest.conversation(id).then(setRead, (thrown: unknown) => setError(asParleyError(thrown)));
  }, [rest, id, isListed]);
  return { found: listed ?? read, error };
}

export function ConversationPage({ id }: { id: string }) {
  const { me } = useClient();
  const { found, error } = useConversation(id);
  if (found === null) {
    if (error === null) return <Loading what="conversation" />;
    return (
      <div className="narrow stack">
        <ErrorNote error={error} />
        <OtherAccount />
      </div>
    );
  }
  const others = found.participants.filter((each) => each.account_id !== me.id);
  const vendor = found.participants.find((each) => each.role === "vendor");
  return (
    <Workspace title={others.map((each) => isolated(each.name)).join(", ")} conversationId={id}>
      {me.role === "vendor" ? (
        <VendorRfi rfiId={found.rfi_id} knownRevision={undefined} canQuote />
      ) : (
        <CustomerSide rfiId={found.rfi_id} vendorId={vendor?.account_id} />
      )}
    </Workspace>
  );
}

function CustomerSide({ rfiId, vendorId }: { rfiId: string; vendorId: string | undefined }) {
  const client = useClient();
  const rfiClient = useOpened(useCallback(() => client.rfi(rfiId), [client, rfiId]));
  const feed = useStore(rfiClient.feed);
  const failure = useStore(rfiClient.failure);
  const { rfi } = feed;
  if (rfi === null) {
    return failure === null ? <Loading what="request" /> : <ErrorNote error={failure} />;
  }
  return (
    <>
      <QuotesPanel rfi={rfi} vendorId={vendorId} onAwarded={() => void rfiClient.load()} />
      <section className="card" aria-labelledby="rfi-title">
        <h2 id="rfi-title">
          <a href={href("rfi", rfi.id)}>
            <bdi>{rfi.title}</bdi>
          </a>
        </h2>
        <RfiDetails feed={{ ...feed, rfi }} />
      </section>
      <RfiChanges feed={feed} />
    </>
  );
}
