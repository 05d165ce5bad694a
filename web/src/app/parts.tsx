/** Small components that many pages share. */

import { Component, Fragment, type ReactNode, useEffect, useRef, useState } from "react";
import { explain, type ParleyError } from "../parley/errors";
import { isolated, readable } from "./format";
import { href } from "./router";

/** An error as a readable sentence that says what to do. */
export function ErrorNote({ error, onRetry }: { error: ParleyError | null; onRetry?: () => void }) {
  if (error === null) return null;
  return (
    <div className="note note-error" role="alert" data-testid="error">
      <p>{explain(error)}</p>
      {error.code === "validation_failed" && error.errors.length > 0 && (
        <ul>
          {error.errors.map((each) => (
            <li key={`${each.path}:${each.message}`}>
              {each.path ? <strong>{readable(each.path)}: </strong> : null}
              {each.message}
            </li>
          ))}
        </ul>
      )}
      {onRetry && (
        <button type="button" className="quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/**
 * A list of names, each isolated so that a right-to-left name does not reorder the text around it.
 */
export function Names({ of }: { of: readonly { name: string }[] }) {
  return of.map(({ name }, index) => (
    <Fragment key={index}>
      {index > 0 && ", "}
      <bdi>{name}</bdi>
    </Fragment>
  ));
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      Loading {what}…
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** A state as a coloured word; the colour adds no information. */
export function StateBadge({ state }: { state: string }) {
  return (
    <span className={`badge badge-${state}`} data-state={state}>
      {readable(state)}
    </span>
  );
}

export function UnreadBadge({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span className="unread" data-testid="unread">
      {count > 99 ? "99+" : count}
      <span className="hidden"> unread</span>
    </span>
  );
}

/** A page's heading: takes the focus when the page changes, and sets the tab's title. */
export function PageTitle({ children, title }: { children?: ReactNode; title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    document.title = `${isolated(title)} · Parley`;
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children ?? <bdi>{title}</bdi>}
    </h1>
  );
}

export function NoSuchPage() {
  return (
    <div className="narrow stack" data-testid="no-such-page">
      <PageTitle title="Page not found" />
      <p>The address may be incomplete: links in emails sometimes get cut off.</p>
      <p>
        <a href={href("start")}>Go to the start page</a>
      </p>
    </div>
  );
}

/** A button with a confirmation: the first click asks, the second performs the action. */
export function ConfirmButton(props: {
  label: string;
  question: string;
  confirmLabel: string;
  testId: string;
  className?: string;
  isBusy: boolean;
  onConfirm: () => void;
}) {
  const { isBusy } = props;
  const [isAsking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const hasAsked = useRef(false);
  useEffect(() => {
    // Removing the confirmation's buttons loses the focus: return it to this button.
    if (isAsking) hasAsked.current = true;
    else if (hasAsked.current && !isBusy) {
      hasAsked.current = false;
      if (document.activeElement === document.body) button.current?.focus();
    }
  }, [isAsking, isBusy]);
  if (!isAsking) {
    return (
      <button
        ref={button}
        type="button"
        className={props.className}
        disabled={isBusy}
        data-testid={props.testId}
        onClick={() => setAsking(true)}
      >
        {props.label}
      </button>
    );
  }
  const confirm = () => {
    setAsking(false);
    props.onConfirm();
  };
  return (
    <span className="confirm" role="group" aria-label={props.question}>
      <span>{props.question}</span>
      <button
        ref={focusOn}
        type="button"
        className="primary"
        data-testid={`${props.testId}-confirm`}
        onClick={confirm}
      >
        {props.confirmLabel}
      </button>
      <button type="button" className="quiet" onClick={() => setAsking(false)}>
        Cancel
      </button>
    </span>
  );
}

/** A ref callback. It must be the same function in every render, so that it runs only on mount. */
export const focusOn = (element: HTMLElement | null): void => element?.focus();

/** Shows a message instead of a blank screen when rendering fails. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <main className="narrow">
        <div className="card" role="alert">
          <h1>Something went wrong</h1>
          <p>Nothing you wrote is lost: this browser has saved your unsent messages and drafts. Reload the page to continue.</p>
          <button type="button" className="primary" onClick={() => window.location.reload()}>
            Reload page
          </button>
        </div>
      </main>
    );
  }
}
