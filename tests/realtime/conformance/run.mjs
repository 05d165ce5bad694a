// Checks one claim: `node run.mjs`, with the task as the first line of its input. The exit code is 0
// if the claim holds. An action that only the test can perform is requested on a line of output and
// confirmed on a line of input.

import process from "node:process";
import { createInterface } from "node:readline";
import * as calls from "./calls.mjs";
import * as endings from "./endings.mjs";
import * as handshakes from "./handshakes.mjs";
import * as pushes from "./pushes.mjs";

const CLAIMS = { ...handshakes, ...calls, ...pushes, ...endings };

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const received = async () => JSON.parse((await lines.next()).value);

async function ask(request) {
  process.stdout.write(`${JSON.stringify(request)}\n`);
  return received();
}

const task = await received();
try {
  await CLAIMS[task.claim](task, ask);
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
