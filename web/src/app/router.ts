/** Maps addresses to pages, and changes between pages without a reload. */

import { useSyncExternalStore } from "react";
import { PATHS } from "./paths";

export type PageName = keyof typeof PATHS;

export interface Route {
  page: PageName;
  /** Empty if the path has no id. */
  id: string;
}

const ID = "{id}";
/** Fixed paths come before paths with an id, so that `/rfis/new` is not taken for an RFI. */
const PAGES = (Object.keys(PATHS) as PageName[]).toSorted(
  (a, b) => Number(PATHS[a].includes(ID)) - Number(PATHS[b].includes(ID)),
);

/** The page at a path; null if there is none or the path has invalid percent-encoding. */
export function routeOf(path: string): Route | null {
  const parts = decoded(path);
  if (parts === null) return null;
  for (const page of PAGES) {
    const wanted = partsOf(PATHS[page]);
    if (wanted.length !== parts.length) continue;
    if (!wanted.every((part, at) => part === ID || part === parts[at])) continue;
    return { page, id: parts[wanted.indexOf(ID)] ?? "" };
  }
  return null;
}

/** The path in an address from an older release, which had it after the `#`. */
export const pathInHash = (hash: string): string | null =>
  // Two leading slashes or backslashes would start a host name.
  hash.startsWith("#/") ? `/${hash.replace(/^#[/\\]+/, "")}` : null;

export const href = (page: PageName, id = ""): string =>
  PATHS[page].replace(ID, encodeURIComponent(id));

export function go(page: PageName, id = ""): void {
  show(href(page, id));
}

/** Replaces the current address with the start page: the next account to log in may not see it. */
export function resetAddress(): void {
  window.history.replaceState(null, "", href("start"));
  notifyListeners();
}

/** The page at the current address. */
export function useRoute(): Route | null {
  return routeOf(useSyncExternalStore(subscribe, () => window.location.pathname));
}

/** Handles clicks on internal links without a reload, and redirects addresses from older releases. */
export function startRouter(): void {
  const redirect = () => {
    const path = pathInHash(window.location.hash);
    if (path === null) return;
    window.history.replaceState(null, "", path);
    notifyListeners();
  };
  redirect();
  window.addEventListener("hashchange", redirect);
  document.addEventListener("click", (event) => {
    const path = pathOfClick(event);
    if (path === null) return;
    event.preventDefault();
    show(path);
  });
}

const listeners = new Set<() => void>();

function notifyListeners(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

function show(path: string): void {
  if (path !== window.location.pathname) window.history.pushState(null, "", path);
  window.scrollTo(0, 0);
  notifyListeners();
}

/** The path of a plain click on an internal link; null for a click that the browser should handle. */
function pathOfClick(event: MouseEvent): string | null {
  const isPlain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (event.defaultPrevented || event.button !== 0 || !isPlain) return null;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || link.target !== "" || link.hasAttribute("download")) return null;
  if (link.origin !== window.location.origin || link.hash !== "") return null;
  return routeOf(link.pathname) === null ? null : link.pathname;
}

const partsOf = (path: string): string[] => path.split("/").filter(Boolean);

function decoded(path: string): string[] | null {
  try {
    return partsOf(path).map(decodeURIComponent);
  } catch {
    return null;
  }
}
