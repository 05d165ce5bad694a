/** A conversation with its RFI beside it; a narrow screen shows one of them at a time. */

import { type ReactNode, useState } from "react";
import { ConversationView } from "./ConversationView";
import { PageTitle } from "./parts";

interface Props {
  title: string;
  conversationId: string;
  /** Shown above both. */
  note?: ReactNode;
  children: ReactNode;
}

export function Workspace({ title, conversationId, note, children }: Props) {
  const [side, setSide] = useState<"talk" | "rfi">("talk");
  const choice = (value: "talk" | "rfi", label: string) => (
    <button type="button" aria-pressed={side === value} onClick={() => setSide(value)}>
      {label}
    </button>
  );
  return (
    <div className={`workspace shows-${side}`}>
      <div className="workspace-head">
        <PageTitle title={title} />
        {note}
        <div className="switch" role="group" aria-label="View">
          {choice("talk", "Conversation")}
          {choice("rfi", "Request and quote")}
        </div>
      </div>
      <ConversationView key={conversationId} id={conversationId} />
      <div className="stack workspace-side">{children}</div>
    </div>
  );
}
