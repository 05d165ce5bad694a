import { expect, test } from "vitest";
import { aNotice } from "../testing/builders";
import { noticeText } from "./format";

test.each([
  ["conversation_closed", "The conversation was closed for new messages"],
  ["conversation_reopened", "The conversation is open for messages again"],
  ["participant_joined", "\u2068Vera\u2069 joined"],
  ["rfi_awarded", "The request was awarded"],
  ["something_new", "something new"],
])("the notice %s is a sentence", (code, sentence) => {
  expect(noticeText(aNotice(1, code), () => "Vera")).toBe(sentence);
});
