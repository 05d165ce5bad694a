/**
 * Reports another participant's message to the admins, once, with a reason. The sender is not
 * notified.
 */

import { type SubmitEvent, useState } from "react";
import { type MessageEntry, REPORT_REASONS, type ReportReason } from "../parley/types";
import { useClient, useStore } from "./context";
import { ErrorNote, focusOn } from "./parts";
import { useAction } from "./useAction";

const REASONS: Record<ReportReason, string> = {
  spam: "Spam or advertising",
  harassment: "Harassment or threats",
  fraud: "Fraud, or asking for payment elsewhere",
  inappropriate: "Inappropriate content",
  other: "Something else",
};

export function ReportMessage({ message }: { message: MessageEntry }) {
  const isReported = useStore(useClient().reported).has(message.id);
  const [step, setStep] = useState<"initial" | "form" | "cancelled">("initial");
  // Move the focus only after a click, not when the page first shows the message.
  const focus = step === "initial" ? undefined : focusOn;
  if (isReported) {
    return (
      <span ref={focus} tabIndex={-1} role="status" className="meta" data-testid="message-reported">
        Reported. Thank you.
      </span>
    );
  }
  if (step === "form") return <ReportForm message={message} onCancel={() => setStep("cancelled")} />;
  return (
    <span className="own-actions">
      <button
        ref={focus}
        type="button"
        className="link"
        data-testid="message-report"
        onClick={() => setStep("form")}
      >
        Report<span className="hidden"> this message</span>
      </button>
    </span>
  );
}

function ReportForm({ message, onCancel }: { message: MessageEntry; onCancel: () => void }) {
  const client = useClient();
  const action = useAction();
  const [reason, setReason] = useState<ReportReason>("spam");
  const [details, setDetails] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(() =>
      client.report(message.conversation_id, message.id, reason, details.trim()),
    );
  };
  return (
    <form className="edit-form report-form" onSubmit={submit} aria-label="Report this message">
      <label>
        What is wrong with this message?
        <select
          ref={focusOn}
          value={reason}
          data-testid="report-reason"
          onChange={(event) => setReason(event.target.value as ReportReason)}
        >
          {REPORT_REASONS.map((each) => (
            <option key={each} value={each}>
              {REASONS[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {reason === "other" ? "Describe the problem" : "Details (optional)"}
        <textarea
          rows={2}
          maxLength={1_000}
          required={reason === "other"}
          value={details}
          data-testid="report-details"
          onChange={(event) => setDetails(event.target.value)}
        />
      </label>
      <div className="row">
        <button type="submit" className="primary" disabled={action.isBusy} data-testid="report-submit">
          Report
        </button>
        <button type="button" className="quiet" onClick={onCancel}>
          Cancel
        </button>
      </div>
      <ErrorNote error={action.error} />
    </form>
  );
}
