/** All conversations of the account, with unread counts. */

import type { ListedConversation } from "../parley/types";
import { useClient, useStore } from "./context";
import { readable } from "./format";
import { Empty, ErrorNote, Loading, Names, PageTitle, StateBadge, UnreadBadge } from "./parts";
import { href } from "./router";

export function ConversationListPage() {
  const { inbox, me } = useClient();
  const { items, error } = useStore(inbox.state);
  return (
    <>
      <PageTitle title="Conversations" />
      <ErrorNote error={error} onRetry={() => void inbox.reload()} />
      {items === null && error === null && <Loading what="your conversations" />}
      {items?.length === 0 && (
        <Empty title="No conversations yet">
          <p>
            {me.role === "vendor"
              ? "When you accept a match, you can talk to the customer here."
              : "When a vendor accepts your request, you can talk here."}
          </p>
        </Empty>
      )}
      <ul className="list" aria-live="polite">
        {items?.map((each) => (
          <ConversationItem key={each.id} conversation={each} me={me.id} />
        ))}
      </ul>
    </>
  );
}

function ConversationItem({ conversation, me }: { conversation: ListedConversation; me: string }) {
  const others = conversation.participants.filter((each) => each.account_id !== me);
  return (
    <li data-testid="conversation-item" data-id={conversation.id}>
      <a className="card item" href={href("conversation", conversation.id)}>
        <span className="item-title">
          <Names of={others} />
        </span>
        <UnreadBadge count={conversation.unread} />
        <span className="item-more">
          {others.map((each) => readable(each.role)).join(", ")} · {conversation.head}{" "}
          {conversation.head === 1 ? "update" : "updates"}{" "}
          {!conversation.is_open && <StateBadge state="closed" />}
        </span>
      </a>
    </li>
  );
}
