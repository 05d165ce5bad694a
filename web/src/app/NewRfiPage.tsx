/** A new RFI: creates a draft and submits it, unless the customer saves it as a draft. */

import { useState } from "react";
import type { RfiContent } from "../parley/types";
import { useClient } from "./context";
import { ErrorNote, PageTitle } from "./parts";
import { BLANK } from "./rfi-content";
import { RfiForm } from "./RfiForm";
import { go, href } from "./router";
import { useAction } from "./useAction";
import { useSavedFields } from "./useSavedFields";

export function NewRfiPage() {
  const { rest } = useClient();
  const action = useAction();
  const saved = useSavedFields("rfi:new", BLANK);
  const [draftId, setDraftId] = useState<string | null>(null);
  const create = (content: RfiContent, isDraft: boolean) =>
    void action.run(async () => {
      const rfi = await rest.createRfi(content);
      saved.clear();
      if (!isDraft) {
        setDraftId(rfi.id);
        await rest.submitRfi(rfi.id, rfi.revision);
      }
      go("rfi", rfi.id);
    });
  if (draftId !== null && action.error !== null) {
    return <Unsubmitted id={draftId} error={action.error} />;
  }
  return (
    <div className="narrow stack">
      <PageTitle title="New request" />
      <RfiForm
        saved={saved}
        isBusy={action.isBusy}
        error={action.error}
        submitLabel="Submit"
        submitTestId="rfi-submit"
        canDraft
        onSubmit={create}
      >
        <a className="button quiet" href={href("start")}>
          Cancel
        </a>
      </RfiForm>
    </div>
  );
}

/**
 * Shown when the draft was created but not submitted. Showing the form again would create a second
 * draft.
 */
function Unsubmitted({ id, error }: { id: string; error: Parameters<typeof ErrorNote>[0]["error"] }) {
  return (
    <div className="narrow stack">
      <PageTitle title="Saved as a draft" />
      <ErrorNote error={error} />
      <p>We saved your request as a draft but could not submit it yet. Open the draft to try again.</p>
      <a className="button primary" href={href("rfi", id)}>
        Open the draft
      </a>
    </div>
  );
}
