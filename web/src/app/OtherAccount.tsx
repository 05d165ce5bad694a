/** Offers a log-in with another account, for a link that was sent to that account. */

import { use } from "react";
import { LogOutContext, useClient } from "./context";

export function OtherAccount() {
  const { me } = useClient();
  const logOut = use(LogOutContext);
  return (
    <p className="muted other-account" data-testid="other-account">
      You are logged in as <bdi>{me.name}</bdi> (<bdi>{me.email}</bdi>). Was this link sent to another of
      your accounts?{" "}
      <button type="button" className="link" onClick={() => logOut({ isLinkKept: true })}>
        Log in with that account
      </button>
    </p>
  );
}
