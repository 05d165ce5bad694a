// Sockets of the official client, as npm installs it for the page, and waits that end.

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
/** The transport a socket of each mode ends on. */
const LAST = { polling: "polling", websocket: "websocket", upgrade: "websocket" };

/** Waits for an event that an emitter gives within the time; what it was given comes back. */
export function once(emitter, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} in ${WITHIN_MS} ms`)), WITHIN_MS);
    emitter.once(name, (...given) => {
      clearTimeout(timer);
      resolve(given);
    });
  });
}

/** A socket in the mode that is asked for, with a connection of its own; not connected yet. */
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

/** Connects, and waits until the socket is on the transport that its mode ends on. */
export async function connected(url, mode, token, more = {}) {
  const socket = socketOf(url, mode, token, more);
  const connection = once(socket, "connect");
  socket.connect();
  await connection;
  await onItsLastTransport(socket, mode);
  return socket;
}

/** Waits for the upgrade where there is to be one. */
export async function onItsLastTransport(socket, mode) {
  const { engine } = socket.io;
  if (engine.transport.name !== LAST[mode]) await once(engine, "upgrade");
  assert.equal(engine.transport.name, LAST[mode]);
}

/** Connects, and returns the error that it is refused with. */
export async function refusal(socket) {
  const refused = once(socket, "connect_error");
  socket.connect();
  const [error] = await refused;
  return error;
}

/** Transports that upgrade, but not before a promise is kept. */
export function upgradeAfter(promise) {
  class LateWebSocket extends NodeWebSocket {
    doOpen() {
      void promise.then(() => super.doOpen());
    }
  }
  return [NodeXHR, LateWebSocket];
}

/** A call that has to go well. */
export async function ok(socket, name, payload) {
  const answer = await socket.timeout(WITHIN_MS).emitWithAck(name, payload);
  assert.equal(answer.ok, true, `${name}: ${JSON.stringify(answer)}`);
  return answer;
}

/** A call that has to be refused; returns the error. */
export async function refused(socket, name, ...payload) {
  const answer = await socket.timeout(WITHIN_MS).emitWithAck(name, ...payload);
  assert.equal(answer.ok, false, `${name}: ${JSON.stringify(answer)}`);
  assert.equal(typeof answer.error.message, "string");
  assert.equal(typeof answer.error.temporary, "boolean");
  return answer.error;
}

/** Collects what is pushed under the names, in the order it comes. */
export function pushesOf(socket, ...names) {
  const pushes = [];
  for (const name of names) socket.on(name, (data) => pushes.push(data));
  const until = async (isEnough) => {
    while (!isEnough(pushes)) await once(socket, names[0]);
    return pushes;
  };
  return { pushes, until };
}

/** The numbers from one to another, both included. */
export const range = (from, to) => Array.from({ length: to - from + 1 }, (_, each) => from + each);
