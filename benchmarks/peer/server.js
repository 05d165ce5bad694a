// The gateway that Parley is measured against: what a competent team writes with Node, the official
// Socket.IO with its Redis adapter, and the official MongoDB driver. It keeps the part of Parley's
// contract that the load uses: join_conversation, send_message, message.sent.
//
//   server.js          settings, connections, calls
//   conversations.js   what is stored
//   access.js          tokens and payloads

import { createServer } from 'node:http';

import { createAdapter } from '@socket.io/redis-adapter';
import { MongoClient } from 'mongodb';
import { createClient } from 'redis';
import { Server } from 'socket.io';

import { accountOf, checkJoin, checkSend, Refused } from './access.js';
import { Conversations } from './conversations.js';

const { MONGODB_URL, MONGODB_DATABASE, REDIS_URL, PARLEY_TOKEN_SECRET, PARLEY_BIND_PORT } = process.env;

const mongo = new MongoClient(MONGODB_URL, { writeConcern: { w: 'majority', journal: true } });
await mongo.connect();
const conversations = new Conversations(mongo.db(MONGODB_DATABASE));
await conversations.prepare();

const publisher = createClient({ url: REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer((request, response) => {
  response.writeHead(request.url === '/health' ? 200 : 404).end();
});
const io = new Server(http, {
  adapter: createAdapter(publisher, subscriber),
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
  pingInterval: 20_000,
  pingTimeout: 15_000,
  maxHttpBufferSize: 100_000,
});

// Recommended by Socket.IO's guide on memory: the first request of each session is not kept.
io.engine.on('connection', (session) => {
  session.request = null;
});

io.use((socket, next) => {
  try {
    socket.data.accountId = accountOf(socket.handshake.auth.token, PARLEY_TOKEN_SECRET);
    next();
  } catch {
    const error = new Error('Send an access token.');
    error.data = { code: 'unauthenticated' };
    next(error);
  }
});

io.on('connection', (socket) => {
  socket.data.mine = new Set();
  socket.join(`account:${socket.data.accountId}`);
  answer(socket, 'join_conversation', joinConversation);
  answer(socket, 'send_message', sendMessage);
});

async function joinConversation(socket, payload) {
  const { conversation_id, after_sequence } = checkJoin(payload);
  const conversation = await ownConversation(socket, conversation_id);
  socket.join(`conversation:${conversation_id}`);
  return { conversation, ...(await conversations.page(conversation_id, after_sequence)) };
}

async function sendMessage(socket, payload) {
  const { conversation_id, client_message_id, body } = checkSend(payload);
  if (!socket.data.mine.has(conversation_id)) {
    await ownConversation(socket, conversation_id);
  }
  const { message, isNew } = await conversations.add({
    conversation_id,
    client_message_id,
    body,
    sender_id: socket.data.accountId,
  });
  if (isNew) {
    io.to(`conversation:${conversation_id}`).emit('message.sent', message);
  }
  return { message };
}

// Asked of the database once for a connection, then remembered.
async function ownConversation(socket, conversationId) {
  const conversation = await conversations.get(conversationId);
  if (!conversation?.participants.includes(socket.data.accountId)) {
    throw new Refused('not_found');
  }
  socket.data.mine.add(conversationId);
  return conversation;
}

function answer(socket, name, carryOut) {
  socket.on(name, async (payload, acknowledge) => {
    if (typeof acknowledge !== 'function') {
      return;
    }
    try {
      acknowledge({ ok: true, ...(await carryOut(socket, payload)) });
    } catch (error) {
      if (!(error instanceof Refused)) {
        console.error(error);
      }
      acknowledge({ ok: false, error: { code: error.code ?? 'internal' } });
    }
  });
}

http.listen({ port: Number(PARLEY_BIND_PORT), host: '127.0.0.1', backlog: 4096 });

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await io.close();
    await Promise.all([mongo.close(), publisher.close(), subscriber.close()]);
    process.exit(0);
  });
}
