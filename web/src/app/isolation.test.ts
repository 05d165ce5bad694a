import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const HERE = new URL("./", import.meta.url);
const FILES = readdirSync(HERE).filter((name) => name.endsWith(".tsx"));

/** A name or title rendered as a child of an element, not as an attribute's value. */
const BARE = /(?<![=\w$]|<bdi>)\{[\w?.]+\.(?:name|title|vendor_name|address)(?: \?\? "[^"]*")?\}/g;

test.each(FILES)("%s wraps every text that a person wrote in <bdi>", (file) => {
  const source = readFileSync(new URL(file, HERE), "utf8").replace(/<option[^]*?<\/option>/g, "");
  expect(source.match(BARE) ?? []).toEqual([]);
});
