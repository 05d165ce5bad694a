/** The customer's RFIs. */

import { useCallback } from "react";
import type { Rfi } from "../parley/types";
import { useCategoryName, useClient, useOpened, useStore } from "./context";
import { day } from "./format";
import { Empty, ErrorNote, Loading, PageTitle, StateBadge } from "./parts";
import { placeName } from "./places";
import { href } from "./router";

export function RfiListPage() {
  const client = useClient();
  const make = useCallback(
    () => client.list(client.rest.rfis, ["rfi.awarded", "rfi.changed"]),
    [client],
  );
  const list = useOpened(make);
  const { items, error } = useStore(list.state);
  return (
    <>
      <div className="page-head">
        <PageTitle title="Your requests" />
        <a className="button primary" href={href("new_rfi")} data-testid="new-rfi">
          New request
        </a>
      </div>
      <ErrorNote error={error} onRetry={() => void list.reload()} />
      {items === null && error === null && <Loading what="your requests" />}
      {items?.length === 0 && (
        <Empty title="No requests yet">
          <p>Describe what you need. We contact the closest matching vendors right away.</p>
        </Empty>
      )}
      {items !== null && items.length > 0 && (
        <ul className="list">
          {items.map((rfi) => (
            <RfiItem key={rfi.id} rfi={rfi} />
          ))}
        </ul>
      )}
    </>
  );
}

function RfiItem({ rfi }: { rfi: Rfi }) {
  const categoryName = useCategoryName();
  return (
    <li data-testid="rfi-item" data-id={rfi.id}>
      <a className="card item" href={href("rfi", rfi.id)}>
        <span className="item-title">
          <bdi>{rfi.title}</bdi>
        </span>
        <StateBadge state={rfi.state} />
        <span className="item-more">
          {categoryName(rfi.category)} · {placeName(rfi.location)}
          {rfi.needed_by ? ` · needed by ${day(rfi.needed_by)}` : ""} · revision {rfi.revision}
        </span>
      </a>
    </li>
  );
}
