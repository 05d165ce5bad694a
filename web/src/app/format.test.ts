import { expect, test } from "vitest";
import { aNotice } from "../testing/builders";
import { endOfMatch, noticeText } from "./format";

test.each([
  ["conversation_closed", "New messages were turned off"],
  ["conversation_reopened", "New messages were turned back on"],
  ["participant_joined", "\u2068Vera\u2069 joined"],
  ["match_closed", "The vendor is no longer on this request"],
  ["quote_outdated", "The request has changed since the quote: to be confirmed"],
  ["quote_confirmed", "The quote was confirmed for the changed request"],
  ["quote_withdrawn", "The quote was withdrawn"],
  ["quote_declined", "The quote was declined"],
  ["quote_expired", "The quote has expired"],
  ["award_cancelled", "The award was cancelled"],
  ["rfi_awarded", "The request was awarded"],
  ["rfi_withdrawn", "The request was withdrawn"],
  ["something_new", "something new"],
])("the notice %s is shown as readable text", (code, sentence) => {
  expect(noticeText(aNotice(1, code), () => "Vera")).toBe(sentence);
});

test.each([
  ["rfi_awarded", "The customer has chosen another vendor.", "You have chosen another vendor."],
  ["rfi_withdrawn", "The customer has withdrawn this request.", "You have withdrawn this request."],
  [
    "no_longer_suitable",
    "The request has changed and no longer fits what you do or where you work.",
    "The request has changed and no longer fits what the vendor does or where it works.",
  ],
  ["expired", "This offer has expired.", "The vendor did not answer in time."],
  ["something_new", "This match is closed: something new.", "This match is closed: something new."],
])("a match closed because of %s says so in a sentence", (closed_reason, vendor, customer) => {
  expect(endOfMatch({ state: "closed", closed_reason }, "vendor")).toBe(vendor);
  expect(endOfMatch({ state: "closed", closed_reason }, "customer")).toBe(customer);
});

test("a decline has the vendor's own words, unchanged", () => {
  const declined = { state: "declined", closed_reason: "Away that week." } as const;

  expect(endOfMatch(declined, "customer")).toBe("\u2068Away that week.\u2069");
  expect(endOfMatch({ state: "declined", closed_reason: null }, "customer")).toBe("");
});

test("a reason that somebody gave is isolated from the sentence", () => {
  const notice = { ...aNotice(1, "quote_declined"), data: { reason: "Too dear" } };
  expect(noticeText(notice, () => "Vera")).toBe("The quote was declined: \u2068Too dear\u2069");
});

test("a request that nobody withdrew has expired", () => {
  const notice = { ...aNotice(1, "rfi_withdrawn"), data: { ended_reason: "expired" } };
  expect(noticeText(notice, () => "Vera")).toBe("The request expired");
});
