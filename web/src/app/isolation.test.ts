import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const HERE = new URL("./", import.meta.url);
const FILES = readdirSync(HERE).filter((name) => name.endsWith(".tsx"));

/** A name or title as a child of an element: not the value of an attribute. */
const BARE = /(?<![=\w$]|<bdi>)\{[\w?.]+\.(?:name|title|vendor_name|address)(?: \?\? "[^"]*")?\}/g;

test.each(FILES)("what a person wrote stands by itself in %s", (file) => {
  const source = readFileSync(new URL(file, HERE), "utf8").replace(/<option[^]*?<\/option>/g, "");
  expect(source.match(BARE) ?? []).toEqual([]);
});
