import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { ErrorBoundary } from "./app/parts";
import { startRouter } from "./app/router";
import { refreshTokens } from "./parley/rest";
import { Sessions } from "./parley/session";
import "./styles.css";

// Same origin, unless the page is hosted apart from the API.
const origin: string = import.meta.env["VITE_API_ORIGIN"] ?? "";
const request = window.fetch.bind(window);
const sessions = new Sessions({
  storage: window.sessionStorage,
  refresh: (refresh_token) => refreshTokens(request, origin, refresh_token),
});
const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root.");

startRouter();
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <App fetch={request} origin={origin} sessions={sessions} />
    </ErrorBoundary>
  </StrictMode>,
);
