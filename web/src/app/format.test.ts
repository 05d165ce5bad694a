import { expect, test } from "vitest";
import { aNotice } from "../testing/builders";
import { noticeText } from "./format";

test.each([
  ["conversation_closed", "New messages were turned off"],
  ["conversation_reopened", "New messages were turned back on"],
  ["participant_joined", "\u2068Vera\u2069 joined"],
  ["rfi_awarded", "The request was awarded"],
  ["something_new", "something new"],
])("the notice %s is shown as readable text", (code, sentence) => {
  expect(noticeText(aNotice(1, code), () => "Vera")).toBe(sentence);
});
