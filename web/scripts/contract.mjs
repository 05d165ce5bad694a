// Generates src/parley/contract.ts, the socket's types, from the AsyncAPI document, and src/app/paths.ts,
// the page's addresses. With --check, it writes nothing and fails if a file is out of date.

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { compile } from "json-schema-to-typescript";

const DOCUMENT = new URL("../../.cache/documents/asyncapi.json", import.meta.url);
const TYPES = new URL("../src/parley/contract.ts", import.meta.url);
const LINKS = new URL("../../.cache/documents/paths.json", import.meta.url);
const PATHS = new URL("../src/app/paths.ts", import.meta.url);
const BANNER = `/**
 * The socket's contract: each call's request and answer, and each push's payload.
 *
 * Generated from the AsyncAPI document by \`make contract\`. Do not edit.
 */`;

const { components, operations, channels } = JSON.parse(readFileSync(DOCUMENT, "utf8"));

/** The schema of an object in which every property is required. */
const objectOf = (properties, more = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  ...more,
});

const payloadOf = (name) => components.messages[name].payload;

function callOf(name) {
  const [answer, refusal] = payloadOf(`${name}.acknowledgement`).oneOf;
  const { code } = refusal.properties.error.allOf[1].properties;
  const description = components.messages[name].summary;
  return objectOf({ request: payloadOf(name), answer, code }, { description });
}

const names = Object.keys(operations);
const calls = names.filter((name) => operations[name].reply);
const pushes = names.filter((name) => !operations[name].reply);
const tableOf = (all, of) => Object.fromEntries(all.map((name) => [name, of(name)]));
const root = objectOf(
  {
    calls: objectOf(tableOf(calls, callOf), { title: "Calls" }),
    pushes: objectOf(tableOf(pushes, payloadOf), { title: "Pushes" }),
    ...channels.socket["x-handshake"],
    refusal: { $ref: "#/components/schemas/CallRefusal" },
  },
  { title: "Contract", components },
);

const types = await compile(root, "Contract", {
  additionalProperties: false,
  bannerComment: BANNER,
  ignoreMinAndMaxItems: true,
  style: { printWidth: 100 },
  unreachableDefinitions: false,
});
const pathsObject = JSON.stringify(JSON.parse(readFileSync(LINKS, "utf8")), null, 2);
const pathsModule = `/**
 * The page's addresses, which all links to the page use.
 *
 * Generated from marketplace/links.py by \`make contract\`. Do not edit.
 */
export const PATHS = ${pathsObject.replace(/^(\s+)"(\w+)"/gm, "$1$2").replace(/"\n}/, '",\n}')} as const;
`;

const files = [
  [TYPES, types],
  [PATHS, pathsModule],
];
for (const [file, text] of files) {
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    console.error(`${file.pathname} is out of date: run \`make contract\`.`);
    process.exitCode = 1;
  }
}
