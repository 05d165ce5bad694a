/** An RFI's fields. What the customer changed since a given revision is marked as `old → new`. */

import type { ReactNode } from "react";
import { changedContent, type RfiFeed } from "../parley/rfi-feed";
import type { Change, Rfi } from "../parley/types";
import { useCategoryName } from "./context";
import { budgetText, day, fieldName, fieldValue } from "./format";
import { StateBadge } from "./parts";
import { placeName } from "./places";

interface Props {
  feed: RfiFeed & { rfi: Rfi };
  /** The last revision that the reader has seen; without it, nothing is marked. */
  since?: number | undefined;
}

export function RfiDetails({ feed, since }: Props) {
  const { rfi } = feed;
  const categoryName = useCategoryName();
  const changes = since === undefined ? [] : changedContent(feed, since);
  const row = (field: string, value: ReactNode) => (
    <Row key={field} field={field} value={value} changes={changes} rfi={rfi} />
  );
  return (
    <dl className="details" data-testid="rfi-details" data-revision={rfi.revision}>
      {row("state", <StateBadge state={rfi.state} />)}
      {row("category", categoryName(rfi.category))}
      {row("title", <bdi>{rfi.title}</bdi>)}
      {row("description", <span className="prose" dir="auto">{rfi.description}</span>)}
      {row("location", rfi.visibility === "limited" && rfi.area ? <bdi>{rfi.area}</bdi> : placeName(rfi.location))}
      {rfi.address ? row("address", <bdi>{rfi.address}</bdi>) : null}
      {row("needed_by", rfi.needed_by ? day(rfi.needed_by) : "—")}
      {row("budget", rfi.budget ? budgetText(rfi.budget) : isHidden(rfi) ? "shown after you accept" : "—")}
      {row("max_vendors", rfi.max_vendors)}
      {Object.entries(rfi.attributes ?? {}).map(([name, value]) =>
        row(`attributes.${name}`, <bdi>{String(value)}</bdi>),
      )}
    </dl>
  );
}

/** Whether a budget, if the RFI has one, is hidden until the vendor accepts. */
const isHidden = (rfi: Rfi): boolean =>
  rfi.visibility === "limited" && rfi.state === "open" && rfi.budget_visibility !== "shown";

function Row(props: { field: string; value: ReactNode; changes: Change[]; rfi: Rfi }) {
  const { field, value, changes, rfi } = props;
  const mine = changes.filter(({ path }) => path === field || path.startsWith(`${field}.`));
  return (
    <div className={mine.length > 0 ? "is-changed" : undefined} data-field={field}>
      <dt>{field === "state" ? "Status" : fieldName(field)}</dt>
      <dd>
        {value}
        {mine.map((change) => (
          <ChangeLine key={change.path} change={change} rfi={rfi} />
        ))}
      </dd>
    </div>
  );
}

/** One change as `old → new`: the old value struck out, the new one marked. */
export function ChangeLine({ change, rfi }: { change: Change; rfi: Rfi | null }) {
  const categoryName = useCategoryName();
  const show = (value: unknown) => fieldValue(change.path, value, rfi, categoryName);
  return (
    <span className="change" data-testid="rfi-change" data-path={change.path}>
      <span className="hidden">changed from </span>
      <del>
        <bdi>{show(change.old)}</bdi>
      </del>{" "}
      <span aria-hidden="true">→</span>
      <span className="hidden"> to </span> <ins>
        <bdi>{show(change.new)}</bdi>
      </ins>
    </span>
  );
}
