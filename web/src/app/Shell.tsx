/**
 * The frame around every page: navigation, connection state and account. It selects the page to show.
 */

import { use } from "react";
import { totalUnread } from "../parley/inbox";
import { isolated } from "./format";
import { LogOutContext, useClient, useStore } from "./context";
import { ConversationListPage } from "./ConversationListPage";
import { ConversationPage } from "./ConversationPage";
import { MatchListPage } from "./MatchListPage";
import { MatchPage } from "./MatchPage";
import { NewRfiPage } from "./NewRfiPage";
import { NoSuchPage, UnreadBadge } from "./parts";
import { RfiListPage } from "./RfiListPage";
import { RfiPage } from "./RfiPage";
import { href, type Route, useRoute } from "./router";

const CONNECTION_LABELS = {
  connecting: "connecting…",
  connected: "connected",
  reconnecting: "reconnecting…",
} as const;

export function Shell() {
  const { me } = useClient();
  const logOut = use(LogOutContext);
  const route = useRoute();
  return (
    <>
      <a className="skip" href="#main" onClick={focusMain}>
        Skip to content
      </a>
      <header className="top">
        <a className="brand" href={href("start")}>
          <img src="/favicon.svg" alt="" width="26" height="26" />
          <span>Parley</span>
        </a>
        <Navigation page={route?.page} />
        <ConnectionState />
        <span className="who" title={`${isolated(me.name)}, ${me.email}`}>
          <bdi>{me.name}</bdi> <span className="muted">({me.role})</span>
        </span>
        <button type="button" className="quiet" onClick={() => logOut()} data-testid="logout">
          Log out
        </button>
      </header>
      <main id="main" tabIndex={-1} key={route === null ? "none" : href(route.page, route.id)}>
        <Page route={route} />
      </main>
    </>
  );
}

/** Moves the focus without `#main` in the address, which the router owns. */
function focusMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Navigation({ page }: { page: Route["page"] | undefined }) {
  const { me, inbox } = useClient();
  const unread = totalUnread(useStore(inbox.state));
  const isTalking = page === "conversations" || page === "conversation";
  return (
    <nav aria-label="Main">
      <a href={href("start")} aria-current={isTalking ? undefined : "page"}>
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
      {CONNECTION_LABELS[connection]}
    </span>
  );
}

function Page({ route }: { route: Route | null }) {
  const isVendor = useClient().me.role === "vendor";
  switch (route?.page) {
    case "start":
      return isVendor ? <MatchListPage /> : <RfiListPage />;
    case "conversations":
      return <ConversationListPage />;
    case "conversation":
      return <ConversationPage id={route.id} />;
    // Customer and vendor share an RFI's address; a vendor sees the RFI on its match's page.
    case "rfi":
      return isVendor ? <MatchPage rfiId={route.id} /> : <RfiPage id={route.id} />;
    case "match":
      return isVendor ? <MatchPage id={route.id} /> : <NoSuchPage />;
    case "new_rfi":
      return isVendor ? <NoSuchPage /> : <NewRfiPage />;
    // App shows these two without a log-in.
    case "password_reset":
    case "email_undo":
    case undefined:
      return <NoSuchPage />;
  }
}
