/** The frame around every page: navigation, connection, who is logged in; and which page shows. */

import { unreadIn } from "../parley/inbox";
import { useClient, useStore } from "./context";
import { ConversationListPage } from "./ConversationListPage";
import { ConversationPage } from "./ConversationPage";
import { MatchListPage } from "./MatchListPage";
import { MatchPage } from "./MatchPage";
import { NewRfiPage } from "./NewRfiPage";
import { PageTitle, UnreadBadge } from "./parts";
import { RfiListPage } from "./RfiListPage";
import { RfiPage } from "./RfiPage";
import { href, useRoute } from "./router";

const CONNECTION_WORDS = {
  connecting: "connecting…",
  connected: "connected",
  reconnecting: "reconnecting…",
} as const;

export function Shell({ onLogOut }: { onLogOut: () => void }) {
  const { me } = useClient();
  const route = useRoute();
  return (
    <>
      <a className="skip" href="#main" onClick={focusMain}>
        Skip to the content
      </a>
      <header className="top">
        <a className="brand" href={href()}>
          <img src="/favicon.svg" alt="" width="26" height="26" />
          <span>Parley</span>
        </a>
        <Navigation section={route[0]} />
        <ConnectionState />
        <span className="who" title={`${me.name}, ${me.email}`}>
          {me.name} <span className="muted">({me.role})</span>
        </span>
        <button type="button" className="quiet" onClick={onLogOut} data-testid="logout">
          Log out
        </button>
      </header>
      <main id="main" tabIndex={-1} key={route.join("/")}>
        <Page route={route} />
      </main>
    </>
  );
}

/** The address belongs to the router, so the skip link moves the focus by itself. */
function focusMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Navigation({ section }: { section: string | undefined }) {
  const { me, inbox } = useClient();
  const unread = unreadIn(useStore(inbox.state));
  const isTalking = section === "conversations";
  return (
    <nav aria-label="Main">
      <a href={href()} aria-current={isTalking ? undefined : "page"}>
        {me.role === "vendor" ? "Matches" : "Requests"}
      </a>
      <a
        href={href("conversations")}
        aria-current={isTalking ? "page" : undefined}
        data-testid="nav-conversations"
      >
        Conversations <UnreadBadge count={unread} />
      </a>
    </nav>
  );
}

function ConnectionState() {
  const connection = useStore(useClient().gateway.connection);
  return (
    <span
      className={`connection connection-${connection}`}
      role="status"
      data-testid="connection-state"
      data-state={connection}
    >
      {CONNECTION_WORDS[connection]}
    </span>
  );
}

function Page({ route: [section, id] }: { route: string[] }) {
  const { role } = useClient().me;
  if (section === "conversations") {
    return id === undefined ? <ConversationListPage /> : <ConversationPage id={id} />;
  }
  if (section === undefined) return role === "vendor" ? <MatchListPage /> : <RfiListPage />;
  if (section === "rfis" && role !== "vendor" && id !== undefined) {
    return id === "new" ? <NewRfiPage /> : <RfiPage id={id} />;
  }
  if (section === "matches" && role === "vendor" && id !== undefined) return <MatchPage id={id} />;
  return (
    <div className="narrow stack">
      <PageTitle title="There is no such page" />
      <p>
        <a href={href()}>Go to the start</a>
      </p>
    </div>
  );
}
