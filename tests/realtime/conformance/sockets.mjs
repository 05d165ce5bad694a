// Sockets of the official client, as npm installs it for the page, and waits with a time-out.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const packages = createRequire(new URL("../../../web/package.json", import.meta.url));
const { io } = packages("socket.io-client");
const { NodeWebSocket, NodeXHR } = createRequire(packages.resolve("socket.io-client"))(
  "engine.io-client",
);

const WITHIN_MS = 15_000;
const TRANSPORTS = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};
/** The last transport of a socket in each mode. */
const LAST = { polling: "polling", websocket: "websocket", upgrade: "websocket" };

/** Waits for an emitter's event, with a time-out; returns the event's arguments. */
export function once(emitter, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} in ${WITHIN_MS} ms`)), WITHIN_MS);
    emitter.once(name, (...values) => {
      clearTimeout(timer);
      resolve(values);
    });
  });
}

/** A socket in this mode, with a separate connection; not connected yet. */
export function socketOf(url, mode, token, more = {}) {
  return io(url, {
    transports: TRANSPORTS[mode],
    forceNew: true,
    autoConnect: false,
    reconnectionDelay: 20,
    reconnectionDelayMax: 200,
    auth: token === undefined ? {} : { token },
    ...more,
  });
}

/** Connects, and waits until the socket is on the last transport of its mode. */
export async function connected(url, mode, token, more = {}) {
  const socket = socketOf(url, mode, token, more);
  const connection = once(socket, "connect");
  socket.connect();
  await connection;
  await onItsLastTransport(socket, mode);
  return socket;
}

/** Waits for the upgrade, if the mode has one. */
export async function onItsLastTransport(socket, mode) {
  const { engine } = socket.io;
  if (engine.transport.name !== LAST[mode]) await once(engine, "upgrade");
  assert.equal(engine.transport.name, LAST[mode]);
}

/** Connects, and returns the error of the refusal. */
export async function refusal(socket) {
  const refused = once(socket, "connect_error");
  socket.connect();
  const [error] = await refused;
  return error;
}

/** Transports that upgrade only after a promise has resolved. */
export function upgradeAfter(promise) {
  class LateWebSocket extends NodeWebSocket {
    doOpen() {
      void promise.then(() => super.doOpen());
    }
  }
  return [NodeXHR, LateWebSocket];
}

/** Makes a call that has to succeed; returns the answer. */
export async function ok(socket, name, payload) {
  const answer = await socket.timeout(WITHIN_MS).emitWithAck(name, payload);
  assert.equal(answer.ok, true, `${name}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Makes a call that has to be refused; returns the error. */
export async function refused(socket, name, ...payload) {
  const answer = await socket.timeout(WITHIN_MS).emitWithAck(name, ...payload);
  assert.equal(answer.ok, false, `${name}: ${JSON.stringify(answer)}`);
  assert.equal(typeof answer.error.message, "string");
  assert.equal(typeof answer.error.temporary, "boolean");
  return answer.error;
}

/** Collects the pushes with these names, in order of arrival. */
export function pushesOf(socket, ...names) {
  const pushes = [];
  for (const name of names) socket.on(name, (data) => pushes.push(data));
  const until = async (isEnough) => {
    while (!isEnough(pushes)) await once(socket, names[0]);
    return pushes;
  };
  return { pushes, until };
}

/** The numbers from `from` to `to`, inclusive. */
export const range = (from, to) => Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
