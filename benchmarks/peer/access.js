// Who is calling, and whether what is asked makes sense.

import jwt from 'jsonwebtoken';

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const CLIENT_MESSAGE_ID = /^[\x21-\x7e]{1,64}$/;
const LONGEST_BODY = 8_000;

export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// The account of a valid access token; throws otherwise.
export function accountOf(token, secret) {
  return jwt.verify(token, secret, { algorithms: ['HS256'], audience: 'parley' }).sub;
}

export function checkJoin(payload) {
  const after = payload?.after_sequence;
  if (!isId(payload?.conversation_id) || !(after === undefined || Number.isSafeInteger(after))) {
    throw new Refused('invalid');
  }
  return payload;
}

export function checkSend(payload) {
  const { conversation_id, client_message_id, body } = payload ?? {};
  const isMessage =
    isId(conversation_id) &&
    typeof client_message_id === 'string' &&
    CLIENT_MESSAGE_ID.test(client_message_id) &&
    typeof body === 'string' &&
    body.trim().length > 0 &&
    body.length <= LONGEST_BODY;
  if (!isMessage) {
    throw new Refused('invalid');
  }
  return payload;
}

function isId(value) {
  return typeof value === 'string' && ID.test(value);
}
