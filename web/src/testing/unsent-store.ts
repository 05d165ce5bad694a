/** An in-memory store of unsent texts, for tests with several tabs of one browser. */

import type { Pending } from "../parley/outgoing";
import type { StoredMessage, UnsentStore } from "../parley/unsent-store";

export class MemoryBrowser {
  readonly messages = new Map<string, StoredMessage>();
  readonly drafts = new Map<string, string>();
  #tabs = 0;

  /** Opens a tab of an account. `adopt` hands over the messages of all other tabs of the account. */
  tab(account_id: string): UnsentStore {
    const tab_id = `tab-${(this.#tabs += 1)}`;
    const put = (conversation_id: string, pending: Pending) => {
      const { client_message_id, error } = pending;
      const number = this.messages.get(client_message_id)?.number ?? this.messages.size;
      this.messages.set(client_message_id, {
        account_id,
        conversation_id,
        client_message_id,
        tab_id,
        number,
        pending: { ...pending, error: error && { code: error.code, message: error.message } },
      });
    };
    const adopt = (take: (messages: StoredMessage[]) => void) => {
      const left = [...this.messages.values()].filter(
        (each) => each.account_id === account_id && each.tab_id !== tab_id,
      );
      if (left.length > 0) take(left);
    };
    return {
      open: () => undefined,
      close: () => undefined,
      put,
      remove: (client_message_id) => void this.messages.delete(client_message_id),
      adopt,
      draft: (name) => Promise.resolve(this.drafts.get(`${account_id}:${name}`) ?? ""),
      setDraft: (name, text) => void this.drafts.set(`${account_id}:${name}`, text),
    };
  }
}
