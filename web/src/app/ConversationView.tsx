/** A conversation's live entries and the message box. */

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { hasOlder, readByOthers, timeline } from "../parley/conversation";
import type { ConversationClient } from "../parley/conversation-client";
import { useClient, useOpened, useStore } from "./context";
import { Composer } from "./Composer";
import { ConversationHead } from "./ConversationHead";
import { MessageItem } from "./MessageItem";
import { Empty, ErrorNote, Loading, Names } from "./parts";
import { useAction } from "./useAction";

/** Closer than this to the bottom counts as at the bottom. */
const AT_END_PX = 60;

export function ConversationView({ id }: { id: string }) {
  const client = useClient();
  const conversation = useOpened(useCallback(() => client.conversation(id), [client, id]));
  const state = useStore(conversation.state);
  const failure = useStore(conversation.failure);
  const isAccessible = failure === null;
  return (
    <section className="talk card" aria-label="Conversation">
      <ErrorNote error={failure} />
      {state.conversation === null && isAccessible && <Loading what="conversation" />}
      {state.conversation !== null && <ConversationHead conversation={conversation} id={id} />}
      {(state.conversation !== null || state.pending.length > 0) && (
        <Entries conversation={conversation} />
      )}
      <Typing conversation={conversation} />
      <Composer conversation={conversation} id={id} isDisabled={!isAccessible} />
    </section>
  );
}

function Entries({ conversation }: { conversation: ConversationClient }) {
  const { me } = useClient();
  const state = useStore(conversation.state);
  const items = useMemo(() => timeline(state, me.id), [state, me.id]);
  const older = useAction();
  const { scroller, isAtEnd, scrollToEnd } = useScrollPosition(state.first, state.pending.at(-1)?.client_message_id);
  useReportVisibility(conversation, isAtEnd);
  const nameOf = (account_id: string) =>
    state.participants.find((each) => each.account_id === account_id)?.name ?? "Someone";
  const read = readByOthers(state, me.id);
  return (
    <div className="entries-frame">
      <div className="entries" ref={scroller} tabIndex={0} role="region" aria-label="Messages">
        {hasOlder(state) && (
          <button
            type="button"
            className="quiet"
            disabled={older.isBusy}
            data-testid="load-older"
            onClick={() => void older.run(() => conversation.loadOlder())}
          >
            {older.isBusy ? "Loading…" : "Show earlier messages"}
          </button>
        )}
        <ErrorNote error={older.error} />
        {items.length === 0 && <Empty title="No messages yet. Say hello!" />}
        {/* The role is not on the list itself: it would replace the role `list`. */}
        <div role="log" aria-label="Latest messages">
          <ol>
            {items.map((item) => (
              <MessageItem key={item.key} {...{ item, conversation, nameOf, read }} />
            ))}
          </ol>
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" className="to-end" onClick={scrollToEnd}>
          Latest messages <span aria-hidden="true">↓</span>
        </button>
      )}
    </div>
  );
}

/** Shows who is typing; a polite live region for screen readers. */
function Typing({ conversation }: { conversation: ConversationClient }) {
  const { me } = useClient();
  const state = useStore(conversation.state);
  const typing = state.participants.filter(
    (each) => each.account_id !== me.id && state.typing.has(each.account_id),
  );
  return (
    <p className="typing" role="status" data-testid="typing">
      {typing.length > 0 && (
        <>
          <Names of={typing} /> {typing.length === 1 ? "is" : "are"} typing…
        </>
      )}
    </p>
  );
}

/**
 * Manages the scroll position. At the bottom, new entries stay in view. Further up, the position does
 * not move, except that the reader's own new message is scrolled into view.
 */
function useScrollPosition(first: number, written: string | undefined) {
  const scroller = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const before = useRef({ first, written, height: 0 });
  const scrollToEnd = useCallback(() => {
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, []);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const hasGrownAbove = first < before.current.first && before.current.height > 0;
    const hasWritten = written !== undefined && written !== before.current.written;
    if (hasWritten) box.scrollTop = box.scrollHeight;
    else if (hasGrownAbove) box.scrollTop += box.scrollHeight - before.current.height;
    else if (isAtEnd) box.scrollTop = box.scrollHeight;
    before.current = { first, written, height: box.scrollHeight };
  });
  useEffect(() => {
    const box = scroller.current;
    if (box === null) return undefined;
    const onScroll = () => setAtEnd(box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX);
    box.addEventListener("scroll", onScroll, { passive: true });
    // A phone's on-screen keyboard shrinks the box: stay at the bottom.
    const sizes = new ResizeObserver(() => {
      if (isAtEnd) box.scrollTop = box.scrollHeight;
    });
    sizes.observe(box);
    return () => {
      box.removeEventListener("scroll", onScroll);
      sizes.disconnect();
    };
  }, [isAtEnd]);
  return { scroller, isAtEnd, scrollToEnd };
}

/** Reports entries as read while the tab is visible and scrolled to the bottom. */
function useReportVisibility(conversation: ConversationClient, isAtEnd: boolean): void {
  useEffect(() => {
    const update = () => conversation.setVisible(isAtEnd && document.visibilityState === "visible");
    update();
    document.addEventListener("visibilitychange", update);
    return () => {
      document.removeEventListener("visibilitychange", update);
      conversation.setVisible(false);
    };
  }, [conversation, isAtEnd]);
}
