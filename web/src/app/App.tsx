/** Log-in or the pages of the person logged in. */

import { useCallback } from "react";
import { Client } from "../parley/client";
import type { Fetch } from "../parley/http";
import type { Sessions } from "../parley/session";
import type { Account } from "../parley/types";
import { ClientContext, useOpened, useStore } from "./context";
import { LoginPage } from "./LoginPage";
import { Shell } from "./Shell";

interface Props {
  fetch: Fetch;
  origin: string;
  sessions: Sessions;
}

export function App({ fetch, origin, sessions }: Props) {
  const { session, has_ended } = useStore(sessions.state);
  if (session === null) {
    return <LoginPage fetch={fetch} origin={origin} sessions={sessions} hasEnded={has_ended} />;
  }
  return <LoggedIn {...{ fetch, origin, sessions }} key={session.account.id} me={session.account} />;
}

function LoggedIn({ fetch, origin, sessions, me }: Props & { me: Account }) {
  // The account object is new after every refresh of the tokens; the client lives as long as the id.
  const { id, role, email, name } = me;
  const make = useCallback(
    () => new Client(fetch, origin, sessions, { id, role, email, name }),
    [fetch, origin, sessions, id, role, email, name],
  );
  const client = useOpened(make);
  const logOut = () => {
    // The person leaves at once; if the marketplace cannot be told, the session runs out by itself.
    client.rest.logOut().catch(() => undefined).finally(() => sessions.end());
  };
  return (
    <ClientContext value={client}>
      <Shell onLogOut={logOut} />
    </ClientContext>
  );
}
