/** Which page an address shows, and how to go to another one without loading the page again. */

import { useSyncExternalStore } from "react";
import { PATHS } from "./paths";

export type PageName = keyof typeof PATHS;

export interface Route {
  page: PageName;
  /** Empty where the path takes none. */
  id: string;
}

const ID = "{id}";
/** A fixed path before one with an id: `/rfis/new` is no RFI. */
const PAGES = (Object.keys(PATHS) as PageName[]).toSorted(
  (a, b) => Number(PATHS[a].includes(ID)) - Number(PATHS[b].includes(ID)),
);

/** The page at a path; null where there is none, or where the path is not well encoded. */
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

/** The path that an address of an older release stands for: it stood after the `#`. */
export const pathInHash = (hash: string): string | null =>
  // Two slashes, or their backslashes, would begin the name of a host.
  hash.startsWith("#/") ? `/${hash.replace(/^#[/\\]+/, "")}` : null;

export const href = (page: PageName, id = ""): string =>
  PATHS[page].replace(ID, encodeURIComponent(id));

export function go(page: PageName, id = ""): void {
  show(href(page, id));
}

/** Shows the start in place of this address, which was for somebody else. */
export function forget(): void {
  window.history.replaceState(null, "", href("start"));
  tell();
}

/** The page that the address names. */
export function useRoute(): Route | null {
  return routeOf(useSyncExternalStore(subscribe, () => window.location.pathname));
}

/** Makes links between pages cost no load, and old addresses lead where they led. */
export function startRouter(): void {
  const redirect = () => {
    const path = pathInHash(window.location.hash);
    if (path === null) return;
    window.history.replaceState(null, "", path);
    tell();
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

function tell(): void {
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
  tell();
}

/** Where a plain click on a link to one of our pages leads. Any other click is the browser's. */
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
