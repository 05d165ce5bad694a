// Checks one claim: `node run.mjs`, the task as the first line of its input.  Exit code 0 when it
// holds.  What only the other side can do is asked for on a line of output and answered on one of
// input.

import process from "node:process";
import { createInterface } from "node:readline";
import * as calls from "./calls.mjs";
import * as endings from "./endings.mjs";
import * as handshakes from "./handshakes.mjs";
import * as pushes from "./pushes.mjs";

const CLAIMS = { ...handshakes, ...calls, ...pushes, ...endings };

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => JSON.parse((await lines.next()).value);

async function ask(wish) {
  process.stdout.write(`${JSON.stringify(wish)}\n`);
  return heard();
}

const task = await heard();
try {
  await CLAIMS[task.claim](task, ask);
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
