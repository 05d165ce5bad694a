/** The box to write a message in. Enter sends, Shift+Enter makes a new line. */

import { type KeyboardEvent, type SubmitEvent, useState } from "react";
import type { ConversationClient } from "../parley/conversation-client";

interface Props {
  conversation: ConversationClient;
  isDisabled: boolean;
}

export function Composer({ conversation, isDisabled }: Props) {
  const [text, setText] = useState("");
  const send = () => {
    const body = text.trim();
    if (body === "" || isDisabled) return;
    conversation.send(body);
    setText("");
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    send();
  };
  const onKey = (event: KeyboardEvent) => {
    // Enter also ends a word in an input method; that one is not for us.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form className="composer" onSubmit={submit} aria-label="Write">
      <textarea
        aria-label="Message"
        placeholder="Write a message"
        rows={2}
        maxLength={8_000}
        data-testid="message-input"
        disabled={isDisabled}
        value={text}
        onKeyDown={onKey}
        onChange={(event) => {
          setText(event.target.value);
          conversation.typed(event.target.value.trim() !== "");
        }}
      />
      <button
        type="submit"
        className="primary"
        disabled={isDisabled || text.trim() === ""}
        data-testid="message-send"
      >
        Send
      </button>
    </form>
  );
}
