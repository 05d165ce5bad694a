/** Log-in by email and password, or with one click as a demo customer or vendor. */

import { type SubmitEvent, useState } from "react";
import { ParleyError } from "../parley/errors";
import type { Fetch } from "../parley/http";
import { logIn } from "../parley/rest";
import type { Sessions } from "../parley/session";
import { ErrorNote, PageTitle } from "./parts";
import { href } from "./router";
import { useAction } from "./useAction";

const DEMO_PASSWORD = "parley-demo";

interface Props {
  fetch: Fetch;
  origin: string;
  sessions: Sessions;
  hasEnded: boolean;
}

export function LoginPage({ fetch, origin, sessions, hasEnded }: Props) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [totp, setTotp] = useState("");
  const [needsTotp, setNeedsTotp] = useState(false);
  const action = useAction();
  const logInAs = (email: string, password: string) =>
    action.run(async () => {
      try {
        sessions.start(await logIn(fetch, origin, email, password, totp.trim()));
      } catch (thrown) {
        if (hasCode(thrown, "second_factor_required")) setNeedsTotp(true);
        throw isWrongPassword(thrown) ? WRONG_PASSWORD : thrown;
      }
    });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void logInAs(email.trim(), password);
  };
  return (
    <main className="narrow login">
      <p className="brand brand-large">
        <img src="/favicon.svg" alt="" width="36" height="36" /> Parley
      </p>
      <PageTitle title="Log in" />
      <p className="lead">Describe what you need, talk live with nearby vendors, and award the best quote.</p>
      {hasEnded && (
        <p className="note" role="status">
          Your session has ended. Log in to pick up where you left off.
        </p>
      )}
      <section className="card" aria-labelledby="demo-title">
        <h2 id="demo-title">Try the demo</h2>
        <p>Open this page in two windows. Be the customer in one and the vendor in the other.</p>
        <div className="row">
          <DemoButton role="customer" isBusy={action.isBusy} onLogIn={logInAs} />
          <DemoButton role="vendor" isBusy={action.isBusy} onLogIn={logInAs} />
        </div>
      </section>
      <form className="card stack" onSubmit={submit} aria-label="Log in">
        <label>
          Email
          <input
            type="email"
            name="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        {needsTotp && (
          <label>
            Code of your authenticator app
            <input
              name="totp"
              autoComplete="one-time-code"
              required
              value={totp}
              onChange={(event) => setTotp(event.target.value)}
              data-testid="login-totp"
            />
          </label>
        )}
        <ErrorNote error={action.error} />
        <button type="submit" disabled={action.isBusy} data-testid="login-submit">
          {action.isBusy ? "Logging in…" : "Log in"}
        </button>
        <a href={href("password_reset")} data-testid="forgot-password">
          Forgot your password?
        </a>
      </form>
    </main>
  );
}

function DemoButton(props: {
  role: "customer" | "vendor";
  isBusy: boolean;
  onLogIn: (email: string, password: string) => void;
}) {
  return (
    <button
      type="button"
      className="primary"
      disabled={props.isBusy}
      data-testid={`login-${props.role}`}
      onClick={() => props.onLogIn(`${props.role}@demo.parley.example`, DEMO_PASSWORD)}
    >
      Continue as {props.role}
    </button>
  );
}

const hasCode = (thrown: unknown, code: string): boolean =>
  thrown instanceof ParleyError && thrown.code === code;
const isWrongPassword = (thrown: unknown): boolean => hasCode(thrown, "unauthenticated");

const WRONG_PASSWORD = new ParleyError(
  "wrong_password",
  "The email or password is incorrect. Check both and try again.",
  { status: 401 },
);
