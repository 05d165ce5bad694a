/**
 * The page's addresses, shared with all that link to it.
 *
 * Made from marketplace/links.py by `make contract`; not to be changed by hand.
 */
export const PATHS = {
  start: "/",
  new_rfi: "/rfis/new",
  rfi: "/rfis/{id}",
  match: "/matches/{id}",
  conversations: "/conversations",
  conversation: "/conversations/{id}",
} as const;
