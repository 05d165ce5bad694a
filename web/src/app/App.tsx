/** The root component: the log-in page, a page for a link with a token, or the account's pages. */

import { useCallback } from "react";
import { Client } from "../parley/client";
import type { Fetch } from "../parley/http";
import { Rest } from "../parley/rest";
import type { Sessions } from "../parley/session";
import { BrowserUnsentStore } from "../parley/unsent-store";
import type { Account } from "../parley/types";
import { AdminPage } from "./AdminPage";
import { ClientContext, type LogOut, LogOutContext, useOpened, useStore } from "./context";
import { EmailUndoPage, PasswordResetPage } from "./LinkPages";
import { LoginPage } from "./LoginPage";
import { resetAddress, useRoute } from "./router";
import { Shell } from "./Shell";

interface Props {
  fetch: Fetch;
  origin: string;
  sessions: Sessions;
}

export function App({ fetch, origin, sessions }: Props) {
  const { session, has_ended } = useStore(sessions.state);
  const page = useRoute()?.page;
  if (page === "password_reset") return <PasswordResetPage fetch={fetch} origin={origin} />;
  if (page === "email_undo") return <EmailUndoPage fetch={fetch} origin={origin} />;
  if (session === null) {
    return <LoginPage fetch={fetch} origin={origin} sessions={sessions} hasEnded={has_ended} />;
  }
  if (session.account.role === "admin") {
    const logOut = () => void logOutOf(new Rest(fetch, origin, sessions), sessions);
    return <AdminPage origin={origin} name={session.account.name} onLogOut={logOut} />;
  }
  return <LoggedIn {...{ fetch, origin, sessions }} key={session.account.id} me={session.account} />;
}

function LoggedIn({ fetch, origin, sessions, me }: Props & { me: Account }) {
  // Every token refresh brings a new account object; the client must last as long as the account id.
  const { id, role, email, name } = me;
  const make = useCallback(
    () => {
      const unsentStore = new BrowserUnsentStore(window.indexedDB, navigator.locks, id);
      return new Client(fetch, origin, sessions, { id, role, email, name }, unsentStore);
    },
    [fetch, origin, sessions, id, role, email, name],
  );
  const client = useOpened(make);
  const logOut: LogOut = ({ isLinkKept = false } = {}) => {
    void logOutOf(client.rest, sessions).then(() => isLinkKept || resetAddress());
  };
  return (
    <ClientContext value={client}>
      <LogOutContext value={logOut}>
        <Shell />
      </LogOutContext>
    </ClientContext>
  );
}

/** Log out. If the request fails, the session still ends here; on the server it expires. */
async function logOutOf(rest: Rest, sessions: Sessions): Promise<void> {
  await rest.logOut().catch(() => undefined);
  sessions.end();
}
