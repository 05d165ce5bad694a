// Writes what the page takes from the marketplace: src/parley/contract.ts, the types of the socket, from
// its AsyncAPI document, and src/app/paths.ts, the page's addresses. With --check it writes nothing and
// fails when a file is not what would be written.

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { compile } from "json-schema-to-typescript";

const DOCUMENT = new URL("../../.cache/documents/asyncapi.json", import.meta.url);
const TYPES = new URL("../src/parley/contract.ts", import.meta.url);
const LINKS = new URL("../../.cache/documents/paths.json", import.meta.url);
const PATHS = new URL("../src/app/paths.ts", import.meta.url);
const ABOUT = `/**
 * The socket's contract: what each call takes and is answered, and what each push brings.
 *
 * Made from the AsyncAPI document by \`make contract\`; not to be changed by hand.
 */`;

const { components, operations, channels } = JSON.parse(readFileSync(DOCUMENT, "utf8"));

/** An object of which every property is there. */
const whole = (properties, more = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  ...more,
});

const payloadOf = (name) => components.messages[name].payload;

function callOf(name) {
  const [answer, refusal] = payloadOf(`${name}.acknowledgement`).oneOf;
  const { code } = refusal.properties.error.allOf[1].properties;
  const about = components.messages[name].summary;
  return whole({ request: payloadOf(name), answer, code }, { description: about });
}

const names = Object.keys(operations);
const calls = names.filter((name) => operations[name].reply);
const pushes = names.filter((name) => !operations[name].reply);
const tableOf = (all, of) => Object.fromEntries(all.map((name) => [name, of(name)]));
const root = whole(
  {
    calls: whole(tableOf(calls, callOf), { title: "Calls" }),
    pushes: whole(tableOf(pushes, payloadOf), { title: "Pushes" }),
    ...channels.socket["x-handshake"],
    refusal: { $ref: "#/components/schemas/CallRefusal" },
  },
  { title: "Contract", components },
);

const written = await compile(root, "Contract", {
  additionalProperties: false,
  bannerComment: ABOUT,
  ignoreMinAndMaxItems: true,
  style: { printWidth: 100 },
  unreachableDefinitions: false,
});
const paths = JSON.stringify(JSON.parse(readFileSync(LINKS, "utf8")), null, 2);
const table = `/**
 * The page's addresses, shared with all that link to it.
 *
 * Made from marketplace/links.py by \`make contract\`; not to be changed by hand.
 */
export const PATHS = ${paths.replace(/^(\s+)"(\w+)"/gm, "$1$2").replace(/"\n}/, '",\n}')} as const;
`;

const files = [
  [TYPES, written],
  [PATHS, table],
];
for (const [file, text] of files) {
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    console.error(`${file.pathname} is not what the documents say: run \`make contract\`.`);
    process.exitCode = 1;
  }
}
