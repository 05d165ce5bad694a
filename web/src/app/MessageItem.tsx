/** One item of a conversation: a message, a notice, or a message that is not sent yet. */

import { type SubmitEvent, useState } from "react";
import type { TimelineItem } from "../parley/conversation";
import type { ConversationClient } from "../parley/conversation-client";
import { explain } from "../parley/errors";
import type { Pending } from "../parley/outgoing";
import { useClient, useStore } from "./context";
import { noticeText, when } from "./format";
import { ErrorNote } from "./parts";
import { ReportMessage } from "./ReportMessage";
import { useAction } from "./useAction";
import { useSavedFields } from "./useSavedFields";

type MessageTimelineItem = Extract<TimelineItem, { kind: "message" }>;

interface Props {
  item: TimelineItem;
  conversation: ConversationClient;
  nameOf: (account_id: string) => string;
  /** The highest sequence that all other participants have read. */
  read: number;
}

export function MessageItem({ item, conversation, nameOf, read }: Props) {
  const { me } = useClient();
  if (item.kind === "notice") {
    return (
      <li className="notice" data-testid="notice-item" data-sequence={item.sequence}>
        {noticeText(item.notice, nameOf)} · <time dateTime={item.notice.at}>{when(item.notice.at)}</time>
      </li>
    );
  }
  if (item.kind === "pending") return <PendingItem pending={item.pending} conversation={conversation} />;
  const isMine = item.message.sender_id === me.id;
  return (
    <li
      className={isMine ? "message is-mine" : "message"}
      data-testid="message-item"
      data-sequence={item.sequence}
      data-client-message-id={item.message.client_message_id}
      data-state="sent"
    >
      <span className="hidden">
        {isMine ? "You" : <bdi>{nameOf(item.message.sender_id)}</bdi>}:{" "}
      </span>
      {isMine ? (
        <OwnMessage item={item} conversation={conversation} isRead={item.sequence <= read} />
      ) : (
        <>
          <Body item={item} />
          <span className="own-line">
            <Meta item={item} />
            {!item.is_deleted && <ReportMessage message={item.message} />}
          </span>
        </>
      )}
    </li>
  );
}

/** In a blocked conversation, messages cannot be edited or retried; deleting is still allowed. */
const useIsOpen = (conversation: ConversationClient): boolean =>
  useStore(conversation.state).conversation?.is_open ?? true;

function Body({ item }: { item: MessageTimelineItem }) {
  if (item.is_deleted) return <p className="bubble is-deleted">This message was deleted</p>;
  return (
    <p className="bubble prose" dir="auto" data-testid="message-body">
      {item.body}
    </p>
  );
}

function Meta({ item, isRead }: { item: MessageTimelineItem; isRead?: boolean }) {
  const { channel, sent_at } = item.message;
  const parts: [hook: string, text: string][] = [];
  if (channel !== "app") parts.push(["channel", `by ${channel}`]);
  if (item.is_edited && !item.is_deleted) parts.push(["edited", "edited"]);
  if (isRead !== undefined) parts.push(isRead ? ["read", "read"] : ["sent", "sent"]);
  return (
    <span className="meta">
      <time dateTime={sent_at}>{when(sent_at)}</time>
      {parts.map(([hook, text]) => (
        <span key={hook} data-testid={`message-${hook}`}>
          {" "}
          · {text}
        </span>
      ))}
    </span>
  );
}

function OwnMessage(props: { item: MessageTimelineItem; conversation: ConversationClient; isRead: boolean }) {
  const { item, conversation, isRead } = props;
  const [isEditing, setEditing] = useState(false);
  const isOpen = useIsOpen(conversation);
  const action = useAction();
  if (isEditing) {
    return <EditForm item={item} conversation={conversation} onClose={() => setEditing(false)} />;
  }
  return (
    <>
      <Body item={item} />
      <span className="own-line">
        {!item.is_deleted && (
          <span className="own-actions">
            {isOpen && (
              <button type="button" className="link" data-testid="message-edit" onClick={() => setEditing(true)}>
                Edit
              </button>
            )}
            <button
              type="button"
              className="link"
              data-testid="message-delete"
              disabled={action.isBusy}
              onClick={() => void action.run(() => conversation.remove(item.message.id))}
            >
              Delete
            </button>
          </span>
        )}
        <Meta item={item} isRead={isRead} />
      </span>
      <ErrorNote error={action.error} />
    </>
  );
}

function EditForm(props: { item: MessageTimelineItem; conversation: ConversationClient; onClose: () => void }) {
  const { item, conversation, onClose } = props;
  const saved = useSavedFields(`edit:${item.message.id}`, { body: item.body });
  const { body } = saved.fields;
  const action = useAction();
  const close = () => {
    saved.clear();
    onClose();
  };
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const isSame = body.trim() === item.body;
    if (isSame || (await action.run(() => conversation.edit(item.message.id, body.trim())))) close();
  };
  return (
    <form className="edit-form" onSubmit={(event) => void save(event)} aria-label="Edit message">
      <textarea
        aria-label="Message"
        dir="auto"
        rows={2}
        maxLength={8_000}
        required
        value={body}
        data-testid="message-edit-input"
        onChange={(event) => saved.set({ body: event.target.value })}
      />
      <div className="row">
        <button type="submit" className="primary" disabled={action.isBusy || body.trim() === ""} data-testid="message-edit-save">
          Save
        </button>
        <button type="button" className="quiet" onClick={close}>
          Cancel
        </button>
      </div>
      <ErrorNote error={action.error} />
    </form>
  );
}

function PendingItem({ pending, conversation }: { pending: Pending; conversation: ConversationClient }) {
  const { client_message_id, body, state, error } = pending;
  const isOpen = useIsOpen(conversation);
  return (
    <li
      className="message is-mine is-pending"
      data-testid="message-item"
      data-client-message-id={client_message_id}
      data-state={state}
    >
      <span className="hidden">You: </span>
      <p className="bubble prose" dir="auto" data-testid="message-body">
        {body}
      </p>
      {state === "failed" && error ? (
        <span className="meta is-failed" role="alert">
          Not sent. {explain(error)}{" "}
          {isOpen && (
            <button type="button" className="link" data-testid="message-retry" onClick={() => conversation.retry(client_message_id)}>
              Try again
            </button>
          )}{" "}
          <button type="button" className="link" onClick={() => conversation.drop(client_message_id)}>
            Discard
          </button>
        </span>
      ) : (
        <span className="meta">{state === "sent" ? "sent" : "sending…"}</span>
      )}
    </li>
  );
}
