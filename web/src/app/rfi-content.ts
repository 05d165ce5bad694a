/** Converts between the RFI form's fields and the RFI's content. Pure. */

import type { FieldError } from "../parley/errors";
import type { Budget, Rfi, RfiContent } from "../parley/types";
import { cityAt } from "./places";

/** The text of each input, by its name. */
export interface RfiFields {
  category: string;
  title: string;
  description: string;
  longitude: string;
  latitude: string;
  needed_by: string;
  budget_min: string;
  budget_max: string;
  /** "shown": vendors see the budget before they accept. */
  budget_visibility: "shown" | "hidden";
  max_vendors: string;
}

export const BLANK: RfiFields = {
  category: "",
  title: "",
  description: "",
  longitude: "-104.9903",
  latitude: "39.7392",
  needed_by: "",
  budget_min: "",
  budget_max: "",
  budget_visibility: "hidden",
  max_vendors: "5",
};

/** The form's fields for an existing RFI. */
export function fieldsOf(rfi: Rfi): RfiFields {
  const dollars = (minor: number | undefined) => (minor === undefined ? "" : String(minor / 100));
  return {
    category: rfi.category,
    title: rfi.title,
    description: rfi.description,
    longitude: String(rfi.location.coordinates[0]),
    latitude: String(rfi.location.coordinates[1]),
    needed_by: rfi.needed_by ? localDay(new Date(rfi.needed_by)) : "",
    budget_min: dollars(rfi.budget?.min_minor),
    budget_max: dollars(rfi.budget?.max_minor),
    budget_visibility: rfi.budget_visibility ?? "hidden",
    max_vendors: String(rfi.max_vendors),
  };
}

/** The content, or an error for each invalid field. */
export function contentOf(fields: RfiFields): { content: RfiContent } | { errors: FieldError[] } {
  const errors: FieldError[] = [];
  const addError = (path: string, message: string) => errors.push({ path, message });
  if (fields.category === "") addError("category", "Choose a category.");
  if (fields.title.trim() === "") addError("title", "Say what you need in a few words.");
  if (fields.description.trim() === "") addError("description", "Describe what you need.");
  const longitude = number(fields.longitude, -180, 180);
  const latitude = number(fields.latitude, -90, 90);
  if (longitude === null) addError("longitude", "Enter a number from −180 to 180.");
  if (latitude === null) addError("latitude", "Enter a number from −90 to 90.");
  const max_vendors = number(fields.max_vendors, 1, 50);
  if (max_vendors === null || !Number.isInteger(max_vendors)) {
    addError("max_vendors", "Enter a whole number from 1 to 50.");
  }
  const budget = budgetOf(fields, addError);
  if (errors.length > 0) return { errors };
  return {
    content: {
      category: fields.category,
      title: fields.title.trim(),
      description: fields.description.trim(),
      location: { type: "Point", coordinates: [longitude ?? 0, latitude ?? 0] },
      // Before they accept, vendors see only this and the rounded coordinates.
      area: cityAt(longitude ?? 0, latitude ?? 0)?.name ?? null,
      // Until the end of that day in the customer's time zone.
      needed_by: fields.needed_by ? new Date(`${fields.needed_by}T23:59:00`).toISOString() : null,
      budget,
      budget_visibility: fields.budget_visibility,
      max_vendors: max_vendors ?? 1,
    },
  };
}

/** The part of the content that differs from the RFI, for PATCH. */
export function changedContent(rfi: Rfi, content: RfiContent): Partial<RfiContent> {
  const before = contentOf(fieldsOf(rfi));
  const old: Partial<Record<string, unknown>> = "content" in before ? { ...before.content } : {};
  const entries = Object.entries(content).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name]),
  );
  return Object.fromEntries(entries);
}

/** Converts dollars to cents, rounded to the nearest cent; null if the text is not an amount. */
export function cents(text: string): number | null {
  if (!/^\d{1,9}([.,]\d{1,2})?$/.test(text.trim())) return null;
  return Math.round(Number(text.trim().replace(",", ".")) * 100);
}

function budgetOf(
  fields: RfiFields,
  addError: (path: string, message: string) => void,
): Budget | null {
  const [from, to] = [fields.budget_min.trim(), fields.budget_max.trim()];
  if (from === "" && to === "") return null;
  const max_minor = cents(to === "" ? from : to);
  const min_minor = cents(from === "" ? "0" : from);
  if (min_minor === null) addError("budget_min", "Enter an amount in dollars, such as 250 or 99.50.");
  if (max_minor === null) addError("budget_max", "Enter an amount in dollars, such as 250 or 99.50.");
  if (min_minor === null || max_minor === null) return null;
  if (min_minor > max_minor) addError("budget_max", "The maximum must not be less than the minimum.");
  return { min_minor, max_minor, currency: "USD" };
}

function number(text: string, min: number, max: number): number | null {
  const value = text.trim() === "" ? NaN : Number(text);
  return value >= min && value <= max ? value : null;
}

function localDay(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
