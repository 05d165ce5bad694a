/**
 * The message box. Enter sends; Shift+Enter starts a new line. In a blocked conversation it becomes
 * read-only and keeps the draft and the focus.
 */

import { type KeyboardEvent, type SubmitEvent, useId } from "react";
import type { ConversationClient } from "../parley/conversation-client";
import { useClient, useStore } from "./context";

interface Props {
  conversation: ConversationClient;
  id: string;
  isDisabled: boolean;
}

export function Composer({ conversation, id, isDisabled }: Props) {
  const draft = useClient().draft(`message:${id}`);
  const text = useStore(draft.text);
  const seen = useStore(conversation.state).conversation;
  const note = useId();
  const isClosed = seen?.is_open === false;
  const send = () => {
    const body = text.trim();
    if (body === "" || isDisabled || isClosed) return;
    conversation.send(body);
    draft.set("");
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    send();
  };
  const onKey = (event: KeyboardEvent) => {
    // Enter also confirms a word in an input method editor; that must not send the message.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form className="composer" onSubmit={submit} aria-label="New message">
      <p id={note} role="status" data-testid="conversation-closed">
        {isClosed ? (seen.blocked_by_me ? BLOCKED_BY_ME : CLOSED) : ""}
      </p>
      <textarea
        aria-label="Message"
        dir="auto"
        aria-describedby={note}
        placeholder={isClosed ? "" : "Write a message"}
        readOnly={isClosed}
        rows={2}
        maxLength={8_000}
        data-testid="message-input"
        disabled={isDisabled}
        value={text}
        onKeyDown={onKey}
        onChange={(event) => {
          draft.set(event.target.value);
          conversation.inputChanged(event.target.value.trim() !== "");
        }}
      />
      <button
        type="submit"
        className="primary"
        disabled={isDisabled || isClosed || text.trim() === ""}
        data-testid="message-send"
      >
        Send
      </button>
    </form>
  );
}

const BLOCKED_BY_ME =
  "You have blocked this conversation, so nobody can send messages. To continue, unblock it above.";
const CLOSED =
  "New messages are turned off in this conversation for now. You can still read the earlier ones.";
