import { describe, expect, test } from "vitest";
import { anRfi } from "../testing/builders";
import { BLANK, cents, changedContent, contentOf, fieldsOf } from "./rfi-content";

const filled = { ...BLANK, category: "plumbing", title: " Leak ", description: "Under the sink" };
const content = (fields = filled) => {
  const answer = contentOf(fields);
  if ("errors" in answer) throw new Error(JSON.stringify(answer.errors));
  return answer.content;
};
const invalidFields = (changed: Partial<typeof filled>) => {
  const answer = contentOf({ ...filled, ...changed });
  return "errors" in answer ? answer.errors.map((each) => each.path) : [];
};

describe("the form's content", () => {
  test("has a GeoJSON point, trimmed texts, and null for empty fields", () => {
    expect(content()).toEqual({
      category: "plumbing",
      title: "Leak",
      description: "Under the sink",
      location: { type: "Point", coordinates: [-104.9903, 39.7392] },
      area: "Denver, CO",
      needed_by: null,
      budget: null,
      budget_visibility: "hidden",
      max_vendors: 5,
    });
  });

  test("accepts a budget in dollars with a minimum, a maximum or both", () => {
    const usd = (min_minor: number, max_minor: number) => ({ min_minor, max_minor, currency: "USD" });
    expect(content({ ...filled, budget_min: "99.50", budget_max: "250" }).budget).toEqual(usd(9_950, 25_000));
    expect(content({ ...filled, budget_max: "250" }).budget).toEqual(usd(0, 25_000));
    expect(content({ ...filled, budget_min: "250" }).budget).toEqual(usd(25_000, 25_000));
  });

  test("reports every invalid field", () => {
    expect(invalidFields({ title: "  " })).toEqual(["title"]);
    expect(invalidFields({ category: "", description: "" })).toEqual(["category", "description"]);
    expect(invalidFields({ longitude: "181", latitude: "north" })).toEqual(["longitude", "latitude"]);
    expect(invalidFields({ max_vendors: "2.5" })).toEqual(["max_vendors"]);
    expect(invalidFields({ budget_min: "300", budget_max: "200" })).toEqual(["budget_max"]);
    expect(invalidFields({ budget_min: "1e3" })).toEqual(["budget_min", "budget_max"]);
  });

  test.each([
    ["0.29", 29],
    ["19.99", 1_999],
    ["1,5", 150],
    ["-1", null],
    ["12.345", null],
    ["", null],
  ])("the amount %j is %j cents", (text, expected) => {
    expect(cents(text)).toBe(expected);
  });
});

describe("the changes of a revision", () => {
  test("is empty if nothing was changed, whatever the time of day of needed_by", () => {
    const rfi = anRfi({ needed_by: "2030-06-01T08:30:00.000Z" });
    expect(changedContent(rfi, content(fieldsOf(rfi)))).toEqual({});
  });

  test("contains only the changed fields", () => {
    const rfi = anRfi();
    const fields = { ...fieldsOf(rfi), title: "Burst pipe", budget_max: "900" };
    expect(changedContent(rfi, content(fields))).toEqual({
      title: "Burst pipe",
      budget: { min_minor: 10_000, max_minor: 90_000, currency: "USD" },
    });
  });
});
