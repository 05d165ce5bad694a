/** The bar above a conversation: which other participants are active, and the block button. */

import type { ConversationClient } from "../parley/conversation-client";
import { useClient, useStore } from "./context";
import { ConfirmButton, ErrorNote, Names } from "./parts";
import { useAction } from "./useAction";

interface Props {
  conversation: ConversationClient;
  id: string;
}

export function ConversationHead({ conversation, id }: Props) {
  const { me, rest, gateway } = useClient();
  const isConnected = useStore(gateway.connection) === "connected";
  const { conversation: seen, participants, active } = useStore(conversation.state);
  const action = useAction();
  const others = participants.filter((each) => each.account_id !== me.id);
  // Presence is unknown without a connection.
  const there = others.filter((each) => isConnected && active.has(each.account_id));
  const isBlocked = seen?.blocked_by_me ?? false;
  const change = async () => conversation.blockChanged(await (isBlocked ? rest.unblock(id) : rest.block(id)));
  return (
    <div className="talk-head">
      <p className="presence" data-testid="presence">
        {there.length > 0 && (
          <>
            <Names of={there} /> {there.length === 1 ? "is" : "are"} active now
          </>
        )}
      </p>
      <ConfirmButton
        {...(isBlocked ? UNBLOCK : BLOCK)}
        className="link"
        isBusy={action.isBusy}
        onConfirm={() => void action.run(change)}
      />
      <ErrorNote error={action.error} />
    </div>
  );
}

const BLOCK = {
  label: "Block",
  question: "Block this conversation? Neither of you will be able to send messages.",
  confirmLabel: "Yes, block",
  testId: "block",
};
const UNBLOCK = {
  label: "Unblock",
  question: "Allow new messages in this conversation?",
  confirmLabel: "Yes, unblock",
  testId: "unblock",
};
