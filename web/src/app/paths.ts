/**
 * The page's addresses, which all links to the page use.
 *
 * Generated from marketplace/links.py by `make contract`. Do not edit.
 */
export const PATHS = {
  start: "/",
  new_rfi: "/rfis/new",
  rfi: "/rfis/{id}",
  match: "/matches/{id}",
  conversations: "/conversations",
  conversation: "/conversations/{id}",
  password_reset: "/password-reset",
  email_undo: "/email-undo",
} as const;
