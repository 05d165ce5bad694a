/** The live change history of an RFI, newest first. */

import { history, type RfiFeed } from "../parley/rfi-feed";
import type { Revision, Rfi } from "../parley/types";
import { fieldName, readable, visibleChanges, when } from "./format";
import { ChangeLine } from "./RfiDetails";

export function RfiChanges({ feed }: { feed: RfiFeed }) {
  const revisions = history(feed);
  return (
    <section className="card changes-card" aria-labelledby="changes-title">
      <h2 id="changes-title">Changes</h2>
      <ol className="changes" data-testid="rfi-changes" aria-live="polite" aria-relevant="additions" reversed>
        {revisions.map((revision) => (
          <RevisionItem key={revision.revision} revision={revision} rfi={feed.rfi} />
        ))}
      </ol>
      {revisions.length === 0 && <p className="muted">No changes yet.</p>}
    </section>
  );
}

function RevisionItem({ revision, rfi }: { revision: Revision; rfi: Rfi | null }) {
  // The first revision sets every field; the details already show them.
  const changes = revision.revision === 1 ? [] : visibleChanges(revision.changes);
  return (
    <li data-testid="rfi-revision" data-revision={revision.revision}>
      <p>
        <strong>{readable(revision.cause)}</strong>
        <span className="muted">
          {" "}
          by the {readable(revision.actor.role)} · <time dateTime={revision.at}>{when(revision.at)}</time> ·
          revision {revision.revision}
        </span>
      </p>
      {changes.length > 0 && (
        <ul>
          {changes.map((change) => (
            <li key={change.path}>
              {fieldName(change.path)}: <ChangeLine change={change} rfi={rfi} />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
