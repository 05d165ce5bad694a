/** Tells a vendor that is not active what to do before it can receive requests. */

import { useCallback } from "react";
import type { OwnVendor } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { readable } from "./format";

/** The logged-in vendor's profile; null until it has been read. */
export function useOwnVendor() {
  const client = useClient();
  const make = useCallback(
    () => client.list(async () => [await client.rest.ownVendor()], ["match.offered", "vendor.decided"]),
    [client],
  );
  const list = useOpened(make);
  const { items, error } = useStore(list.state);
  return { vendor: items?.[0] ?? null, error, reload: () => void list.reload() };
}

export function VendorStatus({ vendor }: { vendor: OwnVendor }) {
  if (vendor.state === "active") return null;
  return (
    <section
      className="card stack vendor-status"
      aria-labelledby="vendor-status-title"
      data-testid="vendor-status"
      data-state={vendor.state}
    >
      <h2 id="vendor-status-title">{TITLES[vendor.state]}</h2>
      {vendor.state_reason && (
        <p className="prose">
          Reason: <bdi>{vendor.state_reason}</bdi>
        </p>
      )}
      {vendor.state === "applied" || vendor.state === "verifying" ? (
        <MissingSteps vendor={vendor} />
      ) : (
        <p>{NEXT_STEPS[vendor.state]}</p>
      )}
    </section>
  );
}

function MissingSteps({ vendor: { steps } }: { vendor: OwnVendor }) {
  const { origin } = useClient();
  const isComplete = steps.to_do.length === 0;
  return (
    <>
      <p>You will receive requests once your profile is complete and we have approved it.</p>
      {!isComplete && (
        <>
          <p>Still missing from your profile:</p>
          <ul data-testid="vendor-steps">
            {steps.to_do.map((step) => (
              <li key={step}>{STEPS[step] ?? readable(step)}</li>
            ))}
          </ul>
        </>
      )}
      <p>
        You cannot edit your profile on this page yet; please use the API.{" "}
        {isComplete ? "Your profile is complete. " : "Add what is missing with "}
        {!isComplete && <code>PATCH /v1/vendors/me</code>}
        {isComplete ? "Submit it with " : ", then submit your profile with "}
        <code>POST /v1/vendors/me/submit</code>. The <a href={`${origin}/docs`}>documentation</a> shows how.
      </p>
    </>
  );
}

/** What each step means; the API's name of the step is in parentheses. */
const STEPS: Record<string, string> = {
  company: "your company's name (company)",
  categories: "the services you offer (categories)",
  service_area: "where you work and how far you travel (service_area)",
  capacity: "how many requests you can handle at once (capacity)",
  opening_hours: "when you are open (opening_hours)",
  languages: "the languages you speak (languages)",
  documents: "the documents that your work requires (documents)",
  email: "a verified email address (email)",
  phone: "a verified telephone number (phone)",
};

const TITLES = {
  applied: "Your application is not complete yet",
  verifying: "Your application is not complete yet",
  in_review: "We are reviewing your profile",
  rejected: "Your application was not accepted",
  suspended: "Your account is suspended",
};

const NEXT_STEPS = {
  in_review: "There is nothing you need to do. Once we approve your profile, requests near you appear here.",
  rejected: "You will not receive requests. If you think this is a mistake, contact support.",
  suspended:
    "You can read your matches and conversations, but you will not receive new requests. To be reinstated, contact support.",
};
