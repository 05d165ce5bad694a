// Conversations and their messages in MongoDB. The sequence is taken from the conversation with one
// atomic update, then the message is inserted: the usual way, two journaled writes a message.

import { ObjectId } from 'mongodb';

const PAGE = 200;
const DUPLICATE_KEY = 11_000;

export class Conversations {
  #conversations;
  #messages;

  constructor(database) {
    this.#conversations = database.collection('conversations');
    this.#messages = database.collection('messages');
  }

  async prepare() {
    await this.#messages.createIndexes([
      { key: { conversation_id: 1, sequence: 1 }, unique: true },
      { key: { conversation_id: 1, sender_id: 1, client_message_id: 1 }, unique: true },
    ]);
  }

  async get(id) {
    return this.#conversations.findOne({ _id: id });
  }

  // The newest messages, or those behind a sequence.
  async page(conversationId, after) {
    const query = { conversation_id: conversationId };
    const order = after === undefined ? -1 : 1;
    if (after !== undefined) {
      query.sequence = { $gt: after };
    }
    const found = await this.#messages.find(query).sort({ sequence: order }).limit(PAGE).toArray();
    if (order === -1) {
      found.reverse();
    }
    return { head: found.at(-1)?.sequence ?? after ?? 0, entries: found.map(view) };
  }

  // Stores a message; one that was sent before is answered with what was stored then.
  async add({ conversation_id, client_message_id, body, sender_id }) {
    const { sequence } = await this.#conversations.findOneAndUpdate(
      { _id: conversation_id },
      { $inc: { sequence: 1 } },
      { returnDocument: 'after', projection: { sequence: 1 } },
    );
    const message = {
      _id: new ObjectId(),
      conversation_id,
      sequence,
      client_message_id,
      sender_id,
      channel: 'app',
      body,
      attachments: [],
      sent_at: new Date(),
    };
    try {
      await this.#messages.insertOne(message);
    } catch (error) {
      if (error.code !== DUPLICATE_KEY) {
        throw error;
      }
      const stored = await this.#messages.findOne({ conversation_id, sender_id, client_message_id });
      return { message: view(stored), isNew: false };
    }
    return { message: view(message), isNew: true };
  }
}

function view({ _id, ...message }) {
  return { id: _id, ...message };
}
