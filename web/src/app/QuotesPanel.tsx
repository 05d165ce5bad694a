/** The live quotes on a customer's RFI, cheapest first, with a button to award one. */

import { useCallback } from "react";
import type { Quote, Rfi } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { day, isolated, money, when } from "./format";
import { ConfirmButton, Empty, ErrorNote, Loading, StateBadge } from "./parts";
import { href } from "./router";
import { useAction } from "./useAction";

interface Props {
  rfi: Rfi;
  onAwarded: () => void;
  /** Show only this vendor's quote, next to the conversation with that vendor. */
  vendorId?: string | undefined;
}

/** Follows an RFI's quotes: the customer gets all of them, a vendor only its own. */
export function useQuotes(rfi_id: string) {
  const client = useClient();
  const make = useCallback(
    () =>
      client.list(
        () => client.rest.quotes(rfi_id),
        ["quote.submitted", "quote.updated", "rfi.awarded"],
      ),
    [client, rfi_id],
  );
  const list = useOpened(make);
  return { list, ...useStore(list.state) };
}

export function QuotesPanel({ rfi, onAwarded, vendorId }: Props) {
  const { list, items, error } = useQuotes(rfi.id);
  const action = useAction();
  const { rest } = useClient();
  const award = (quote: Quote) =>
    void action.run(async () => {
      try {
        await rest.award(rfi.id, rfi.revision, quote);
      } finally {
        onAwarded();
        await list.reload();
      }
    });
  const shown = items
    ?.filter((each) => vendorId === undefined || each.vendor_id === vendorId)
    .toSorted((a, b) => a.amount_minor - b.amount_minor);
  return (
    <section className="card" aria-labelledby="quotes-title">
      <h2 id="quotes-title">{vendorId === undefined ? "Quotes" : "Quote"}</h2>
      <ErrorNote error={error} onRetry={() => void list.reload()} />
      {action.error?.code === "stale_revision" ? (
        <p className="note note-error" role="alert" data-testid="award-changed">
          Nothing was awarded, because the quote or your request has changed. Check the current
          figures, then award again.
        </p>
      ) : (
        <ErrorNote error={action.error} />
      )}
      {items === null && error === null && <Loading what="quotes" />}
      {shown?.length === 0 && <Empty title="No quotes yet" />}
      <ul className="rows" aria-live="polite">
        {shown?.map((quote) => (
          <QuoteItem
            key={quote.id}
            quote={quote}
            rfi={rfi}
            isBusy={action.isBusy}
            hasLink={vendorId === undefined}
            onAward={award}
          />
        ))}
      </ul>
    </section>
  );
}

function QuoteItem(props: {
  quote: Quote;
  rfi: Rfi;
  isBusy: boolean;
  hasLink: boolean;
  onAward: (quote: Quote) => void;
}) {
  const { quote, rfi, isBusy, hasLink, onAward } = props;
  const amount = money(quote.amount_minor, quote.currency);
  const vendor = quote.vendor_name ? isolated(quote.vendor_name) : "this vendor";
  const isOpen = rfi.state === "open" && quote.state === "submitted";
  return (
    <li data-testid="quote-item" data-id={quote.id} data-state={quote.state}>
      <div className="row-main">
        <QuoteFigure quote={quote} />
        <p className="prose" dir="auto">
          {quote.message}
        </p>
        <StaleNote quote={quote} rfi={rfi} />
        <div className="muted">
          {quote.vendor_name && (
            <>
              <bdi>{quote.vendor_name}</bdi>
              {" · "}
            </>
          )}
          {when(quote.updated_at)}
          {hasLink && (
            <>
              {" · "}
              <a href={href("conversation", quote.conversation_id)}>conversation</a>
            </>
          )}
        </div>
      </div>
      {isOpen && (
        <ConfirmButton
          // When the figures change, an open confirmation is closed instead of showing new figures.
          key={quote.revision}
          label="Award"
          question={`Award ${amount} to ${vendor}? This closes all other quotes.`}
          confirmLabel="Yes, award"
          testId="award"
          className="primary"
          isBusy={isBusy}
          onConfirm={() => onAward(quote)}
        />
      )}
    </li>
  );
}

export function QuoteFigure({ quote }: { quote: Quote }) {
  return (
    <>
      <strong className="figure" data-testid="quote-figure">
        {money(quote.amount_minor, quote.currency)}
      </strong>{" "}
      <StateBadge state={quote.state} />
      {quote.valid_until && <span className="muted"> valid until {day(quote.valid_until)}</span>}
    </>
  );
}

/** Warns that the request has changed since in a way that can change the price. */
export function StaleNote({ quote, rfi }: { quote: Quote; rfi: Rfi }) {
  if (rfi.state !== "open" || quote.state !== "submitted" || !quote.outdated_by_revision) return null;
  return (
    <p className="note" data-testid="quote-stale">
      This quote is for revision {quote.rfi_revision}. The request changed in revision{" "}
      {quote.outdated_by_revision}, and the vendor has not confirmed the quote since.
    </p>
  );
}
