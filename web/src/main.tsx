import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { ErrorBoundary } from "./app/parts";
import { startRouter } from "./app/router";
import { browserTabLock } from "./parley/tab-lock";
import { refreshTokens } from "./parley/rest";
import { removeExpired, Sessions } from "./parley/session";
import "./styles.css";

// Empty means the same origin; set it if the page is hosted separately from the API.
const origin: string = import.meta.env["VITE_API_ORIGIN"] ?? "";
const request = window.fetch.bind(window);
const sessions = new Sessions({
  tab: window.sessionStorage,
  shared: window.localStorage,
  refresh: (refresh_token) => refreshTokens(request, origin, refresh_token),
  tabLock: browserTabLock(navigator.locks),
});
removeExpired(window.localStorage, Date.now());
window.addEventListener("storage", (event) => {
  if (event.storageArea === window.localStorage) sessions.sharedStorageChanged(event.key);
});
const root = document.getElementById("root");
if (root === null) throw new Error("The page has no element #root.");

startRouter();
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <App fetch={request} origin={origin} sessions={sessions} />
    </ErrorBoundary>
  </StrictMode>,
);
