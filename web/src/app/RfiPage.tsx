/** A customer's RFI, live: details, revise, withdraw, matches, quotes and changes. */

import { useCallback, useState } from "react";
import { asParleyError } from "../parley/errors";
import type { RfiClient } from "../parley/rfi-client";
import type { RfiFeed } from "../parley/rfi-feed";
import type { Rfi, RfiContent } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { MatchesPanel } from "./MatchesPanel";
import { OtherAccount } from "./OtherAccount";
import { ConfirmButton, ErrorNote, Loading, PageTitle } from "./parts";
import { QuotesPanel } from "./QuotesPanel";
import { changedContent, fieldsOf } from "./rfi-content";
import { RfiChanges } from "./RfiChanges";
import { RfiDetails } from "./RfiDetails";
import { RfiForm } from "./RfiForm";
import { useAction } from "./useAction";
import { useSavedFields } from "./useSavedFields";

export function RfiPage({ id }: { id: string }) {
  const client = useClient();
  const rfiClient = useOpened(useCallback(() => client.rfi(id), [client, id]));
  const feed = useStore(rfiClient.feed);
  const failure = useStore(rfiClient.failure);
  const { rfi } = feed;
  if (rfi === null) {
    return failure === null ? (
      <Loading what="request" />
    ) : (
      <div className="narrow stack">
        <ErrorNote error={failure} onRetry={() => void rfiClient.load()} />
        <OtherAccount />
      </div>
    );
  }
  return (
    <>
      <PageTitle title={rfi.title} />
      <div className="columns">
        <div className="stack">
          <OwnRfi rfiClient={rfiClient} feed={{ ...feed, rfi }} />
          <RfiChanges feed={feed} />
        </div>
        {rfi.state === "draft" ? (
          <p className="note">When you submit this draft, we contact the closest vendors.</p>
        ) : (
          <div className="stack">
            <QuotesPanel rfi={rfi} onAwarded={() => void rfiClient.load()} />
            <MatchesPanel rfi={rfi} />
          </div>
        )}
      </div>
    </>
  );
}

/** The details, or the form while the customer is revising the RFI. */
function OwnRfi({ rfiClient, feed }: { rfiClient: RfiClient; feed: RfiFeed & { rfi: Rfi } }) {
  const [isRevising, setRevising] = useState(false);
  if (isRevising) {
    return <ReviseForm rfiClient={rfiClient} feed={feed} onClose={() => setRevising(false)} />;
  }
  return (
    <section className="card" aria-label="Details">
      <RfiDetails feed={feed} />
      <RfiActions rfiClient={rfiClient} rfi={feed.rfi} onRevise={() => setRevising(true)} />
    </section>
  );
}

function RfiActions(props: { rfiClient: RfiClient; rfi: Rfi; onRevise: () => void }) {
  const { rfiClient, rfi, onRevise } = props;
  const { rest } = useClient();
  const action = useAction();
  const run = (command: (id: string, revision: number) => Promise<Rfi>) =>
    void action.run(async () => {
      try {
        await command(rfi.id, rfi.revision);
      } finally {
        await rfiClient.load();
      }
    });
  if (rfi.state !== "draft" && rfi.state !== "open") return null;
  return (
    <>
      <ErrorNote error={action.error} />
      <div className="row">
        {rfi.state === "draft" && (
          <button
            type="button"
            className="primary"
            disabled={action.isBusy}
            data-testid="rfi-submit"
            onClick={() => run(rest.submitRfi)}
          >
            Submit
          </button>
        )}
        <button type="button" disabled={action.isBusy} data-testid="rfi-revise" onClick={onRevise}>
          Revise
        </button>
        <ConfirmButton
          label="Withdraw"
          question="Withdraw this request? You cannot undo this."
          confirmLabel="Yes, withdraw"
          testId="rfi-withdraw"
          className="quiet"
          isBusy={action.isBusy}
          onConfirm={() => run(rest.withdrawRfi)}
        />
      </div>
    </>
  );
}

/**
 * Sends only the fields that the customer changed, with the revision on which the form was opened. If
 * the RFI has changed in the meantime, the customer sees an error, and the next attempt uses the new
 * revision.
 */
function ReviseForm(props: {
  rfiClient: RfiClient;
  feed: RfiFeed & { rfi: Rfi };
  onClose: () => void;
}) {
  const { rfiClient, feed, onClose } = props;
  const { rest } = useClient();
  const action = useAction();
  const [opened] = useState(feed.rfi);
  const [revision, setRevision] = useState(opened.revision);
  const saved = useSavedFields(`rfi:${opened.id}`, fieldsOf(opened));
  const close = () => {
    saved.clear();
    onClose();
  };
  const save = (content: RfiContent) =>
    action.run(async () => {
      const changed = changedContent(opened, content);
      try {
        if (Object.keys(changed).length > 0) await rest.reviseRfi(opened.id, revision, changed);
      } catch (thrown) {
        await rfiClient.load();
        const isStale = asParleyError(thrown).code === "stale_revision";
        if (isStale) setRevision(rfiClient.feed.get().rfi?.revision ?? revision);
        throw thrown;
      }
      await rfiClient.load();
      close();
    });
  return (
    <RfiForm
      saved={saved}
      isBusy={action.isBusy}
      error={action.error}
      submitLabel="Save changes"
      submitTestId="rfi-save"
      onSubmit={(content) => void save(content)}
    >
      <button type="button" className="quiet" onClick={close}>
        Cancel
      </button>
    </RfiForm>
  );
}
