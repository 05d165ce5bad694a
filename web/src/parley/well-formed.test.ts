import { expect, test } from "vitest";
import { wellFormed } from "./well-formed";

test.each([
  ["the first half of an emoji", "Fine \ud83d", "Fine \uFFFD"],
  ["the second half of an emoji", "\udc4d fine", "\uFFFD fine"],
  ["halves in the wrong order", "\udc4d\ud83d", "\uFFFD\uFFFD"],
  ["a whole emoji", "Fine 👍🏽", "Fine 👍🏽"],
  ["a family emoji and a flag", "👨‍👩‍👧 🇩🇪", "👨‍👩‍👧 🇩🇪"],
  ["no characters", "", ""],
])("text with %s can be decoded everywhere", (_, text, expected) => {
  expect(wellFormed(text)).toBe(expected);
});

test("text anywhere in a value becomes well-formed, and nothing else changes", () => {
  const sent = { body: "\ud83d", list: ["a", "\udc4d"], deep: { text: "\ud83d" }, n: 1, no: null };
  expect(wellFormed(sent)).toEqual({
    body: "\uFFFD",
    list: ["a", "\uFFFD"],
    deep: { text: "\uFFFD" },
    n: 1,
    no: null,
  });
});
