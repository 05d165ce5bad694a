/** The pages that links in emails about an account open. They need no log-in: the link has a token. */

import { type ReactNode, type SubmitEvent, useEffect, useState } from "react";
import { ParleyError } from "../parley/errors";
import type { Fetch } from "../parley/http";
import { requestPasswordReset, resetPassword, undoEmailChange } from "../parley/rest";
import { ErrorNote, PageTitle } from "./parts";
import { href } from "./router";
import { useAction } from "./useAction";

interface Props {
  fetch: Fetch;
  origin: string;
}

/** Choose a new password with the link's token; without one, ask for the link. */
export function PasswordResetPage({ fetch, origin }: Props) {
  const token = useToken();
  const [isDone, setDone] = useState(false);
  const [typed, setTyped] = useState("");
  const action = useAction();
  const hasToken = token !== "";
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const send = () =>
      hasToken
        ? resetPassword(fetch, origin, token, typed)
        : requestPasswordReset(fetch, origin, typed.trim());
    setDone(await action.run(() => withBadLink(send)));
  };
  const title = hasToken ? "Choose a new password" : "Forgot your password?";
  if (isDone) {
    const text = hasToken
      ? "Your password is changed, and all log-ins have ended."
      : "If there is an account with this email address, it gets a link within a minute.";
    return <Done title={title} text={text} />;
  }
  return (
    <Frame title={title}>
      <form className="card stack" onSubmit={(event) => void submit(event)} aria-label={title}>
        <label>
          {hasToken ? "New password" : "Email"}
          <input
            type={hasToken ? "password" : "email"}
            name={hasToken ? "new-password" : "email"}
            autoComplete={hasToken ? "new-password" : "username"}
            minLength={hasToken ? 8 : undefined}
            required
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            data-testid="reset-input"
          />
        </label>
        <ErrorNote error={action.error} />
        <button type="submit" className="primary" disabled={action.isBusy} data-testid="reset-submit">
          {hasToken ? "Change password" : "Send a link"}
        </button>
      </form>
    </Frame>
  );
}

/** Give an account back to its old email address. */
export function EmailUndoPage({ fetch, origin }: Props) {
  const token = useToken();
  const [isDone, setDone] = useState(false);
  const action = useAction();
  const title = "Was it not you?";
  if (isDone) {
    const text =
      "Your account has its email address back, and all log-ins have ended. We sent you a link to choose a new password.";
    return <Done title={title} text={text} />;
  }
  const undo = async () =>
    setDone(await action.run(() => withBadLink(() => undoEmailChange(fetch, origin, token))));
  return (
    <Frame title={title}>
      <section className="card stack">
        <p>
          Somebody asked for another email address for your account. If it was not you, keep this one: all
          log-ins end, the password no longer works, and you choose a new one.
        </p>
        <ErrorNote error={action.error} />
        <button
          type="button"
          className="primary"
          disabled={action.isBusy}
          onClick={() => void undo()}
          data-testid="undo-submit"
        >
          It was not me
        </button>
      </section>
    </Frame>
  );
}

function Done({ title, text }: { title: string; text: string }) {
  return (
    <Frame title={title}>
      <section className="card stack" role="status" data-testid="link-done">
        <p>{text}</p>
        <a href={href("start")}>Go to Parley</a>
      </section>
    </Frame>
  );
}

function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="narrow login">
      <p className="brand brand-large">
        <img src="/favicon.svg" alt="" width="36" height="36" /> Parley
      </p>
      <PageTitle title={title} />
      {children}
    </main>
  );
}

/** The token after the `#`, which then leaves the address bar and the browser's history. */
function useToken(): string {
  const [token] = useState(() => window.location.hash.slice(1));
  useEffect(() => {
    if (token !== "") window.history.replaceState(null, "", window.location.pathname);
  }, [token]);
  return token;
}

/** Says of a refused token that it is the link that no longer works. */
async function withBadLink(send: () => Promise<void>): Promise<void> {
  try {
    await send();
  } catch (thrown) {
    throw thrown instanceof ParleyError && thrown.code === "invalid_code" ? BAD_LINK : thrown;
  }
}

const BAD_LINK = new ParleyError("bad_link", "This link was used or has expired. Ask for a new one.", {
  status: 422,
});
