/** What a vendor that is not active has to do, and where, before requests reach it. */

import { useCallback } from "react";
import type { OwnVendor } from "../parley/types";
import { useClient, useOpened, useStore } from "./context";
import { words } from "./format";

/** One's own profile; null until it is read. */
export function useOwnVendor() {
  const client = useClient();
  const make = useCallback(
    () => client.list(async () => [await client.rest.ownVendor()], ["match.offered"]),
    [client],
  );
  const list = useOpened(make);
  const { items, error } = useStore(list.state);
  return { vendor: items?.[0] ?? null, error, reload: () => void list.reload() };
}

export function VendorStanding({ vendor }: { vendor: OwnVendor }) {
  if (vendor.state === "active") return null;
  return (
    <section
      className="card stack standing"
      aria-labelledby="standing-title"
      data-testid="vendor-standing"
      data-state={vendor.state}
    >
      <h2 id="standing-title">{TITLES[vendor.state]}</h2>
      {vendor.state_reason && (
        <p className="prose">
          Our reason: <bdi>{vendor.state_reason}</bdi>
        </p>
      )}
      {vendor.state === "applied" || vendor.state === "verifying" ? (
        <ToDo vendor={vendor} />
      ) : (
        <p>{WHAT_NOW[vendor.state]}</p>
      )}
    </section>
  );
}

function ToDo({ vendor: { steps } }: { vendor: OwnVendor }) {
  const { origin } = useClient();
  const isComplete = steps.to_do.length === 0;
  return (
    <>
      <p>No request reaches you before your profile is complete and we have approved it.</p>
      {!isComplete && (
        <>
          <p>Still missing from your profile:</p>
          <ul data-testid="vendor-steps">
            {steps.to_do.map((step) => (
              <li key={step}>{STEPS[step] ?? words(step)}</li>
            ))}
          </ul>
        </>
      )}
      <p>
        This page has no form for the profile yet; the API takes it.{" "}
        {isComplete ? "Your profile is complete. " : "Send what is missing with "}
        {!isComplete && <code>PATCH /v1/vendors/me</code>}
        {isComplete ? "Hand it in with " : ", then hand it in with "}
        <code>POST /v1/vendors/me/submit</code>. <a href={`${origin}/docs`}>The documentation</a> shows how.
      </p>
    </>
  );
}

/** The name that the API gives each step stands beside what it means. */
const STEPS: Record<string, string> = {
  company: "the name of your company (company)",
  categories: "what you do (categories)",
  service_area: "where you work, and how far around (service_area)",
  capacity: "how many requests you take at a time (capacity)",
};

const TITLES = {
  applied: "Your application is not complete yet",
  verifying: "Your application is not complete yet",
  in_review: "We are looking at your profile",
  rejected: "Your application was not accepted",
  suspended: "Your account is suspended",
};

const WHAT_NOW = {
  in_review: "You have nothing to do now. Once we have approved it, requests near you show up here.",
  rejected: "No requests reach you. Contact support if you think that this is a mistake.",
  suspended:
    "You can read your matches and conversations, but no new request reaches you. Contact support to be reinstated.",
};
