/**
 * The vendor's own quote on an RFI, with a form to submit it or, while the RFI is open, revise it.
 */

import type { SubmitEvent } from "react";
import { ParleyError } from "../parley/errors";
import type { Quote, Rfi } from "../parley/types";
import { useClient } from "./context";
import { ErrorNote, Loading } from "./parts";
import { QuoteFigure, StaleNote, useQuotes } from "./QuotesPanel";
import { cents } from "./rfi-content";
import { useAction } from "./useAction";
import { useSavedFields } from "./useSavedFields";

export function OwnQuote({ rfi }: { rfi: Rfi }) {
  const { list, items, error } = useQuotes(rfi.id);
  const { me } = useClient();
  const quote = items?.find((each) => each.vendor_id === me.id);
  const isOver = quote !== undefined && quote.state !== "submitted";
  const canQuote = rfi.state === "open" && (!isOver || REVISABLE.has(quote.closed_reason ?? ""));
  return (
    <section className="card stack" aria-labelledby="quote-title">
      <h2 id="quote-title">Your quote</h2>
      <ErrorNote error={error} onRetry={() => void list.reload()} />
      {items === null && error === null && <Loading what="your quote" />}
      {quote && (
        <div data-testid="quote-item" data-id={quote.id} data-state={quote.state} aria-live="polite">
          <QuoteFigure quote={quote} />
          <p className="prose" dir="auto">
            {quote.message}
          </p>
          <StaleNote quote={quote} rfi={rfi} />
        </div>
      )}
      {quote?.outdated_by_revision && canQuote && (
        <ConfirmQuote rfi={rfi} quote={quote} onConfirmed={() => void list.reload()} />
      )}
      {items !== null && canQuote && (
        <QuoteForm
          key={quote?.updated_at}
          rfi={rfi}
          quote={quote}
          onSubmitted={() => void list.reload()}
        />
      )}
      {items !== null && !canQuote && quote === undefined && (
        <p className="muted">This request no longer accepts quotes.</p>
      )}
    </section>
  );
}

/** Offers to confirm the quote, unchanged, for the request as it is now. */
function ConfirmQuote(props: { rfi: Rfi; quote: Quote; onConfirmed: () => void }) {
  const { rfi, quote, onConfirmed } = props;
  const { rest } = useClient();
  const action = useAction();
  const confirm = () =>
    void action.run(async () => {
      await rest.confirmQuote(quote.id, rfi.revision);
      onConfirmed();
    });
  return (
    <>
      <ErrorNote error={action.error} />
      <button type="button" disabled={action.isBusy} data-testid="quote-confirm" onClick={confirm}>
        Confirm this quote for the changed request
      </button>
    </>
  );
}

function QuoteForm(props: { rfi: Rfi; quote: Quote | undefined; onSubmitted: () => void }) {
  const { rfi, quote, onSubmitted } = props;
  const { rest } = useClient();
  const action = useAction();
  const saved = useSavedFields(`quote:${rfi.id}`, {
    amount: quote ? (quote.amount_minor / 100).toFixed(2) : "",
    message: quote?.message ?? "",
  });
  const { amount, message } = saved.fields;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const amount_minor = cents(amount);
      if (amount_minor === null || amount_minor === 0) throw NO_AMOUNT;
      const figures = { rfi_revision: rfi.revision, amount_minor, currency: "USD", message };
      await rest.submitQuote(rfi.id, { ...figures, message: message.trim() });
      saved.clear();
      onSubmitted();
    });
  };
  return (
    <form className="stack" onSubmit={submit} aria-label="Quote">
      <label>
        Amount (USD)
        <input
          name="amount"
          inputMode="decimal"
          required
          data-testid="quote-amount"
          value={amount}
          onChange={(event) => saved.set({ amount: event.target.value })}
        />
      </label>
      <label>
        What it includes
        <textarea
          name="message"
          rows={3}
          maxLength={4_000}
          required
          data-testid="quote-message"
          value={message}
          onChange={(event) => saved.set({ message: event.target.value })}
        />
      </label>
      <ErrorNote error={action.error} />
      <button type="submit" className="primary" disabled={action.isBusy} data-testid="quote-submit">
        {action.isBusy ? "Sending…" : quote ? "Revise quote" : "Submit quote"}
      </button>
    </form>
  );
}

/** Why a quote ended although its vendor may send it again. */
const REVISABLE = new Set(["withdrawn", "declined", "expired"]);

const NO_AMOUNT = new ParleyError("validation_failed", "Please fix the following:", {
  errors: [{ path: "Amount (USD)", message: "Enter an amount in dollars, such as 250 or 99.50." }],
});
