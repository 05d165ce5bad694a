import { describe, expect, test } from "vitest";
import { PATHS } from "./paths";
import { href, type PageName, pathInHash, routeOf } from "./router";

describe("an address", () => {
  test("leads to its page, with the id decoded", () => {
    for (const page of Object.keys(PATHS) as PageName[]) {
      const id = PATHS[page].includes("{id}") ? "a/b ä%" : "";
      expect(routeOf(href(page, id))).toEqual({ page, id });
    }
  });

  test("/rfis/new is the form for a new RFI, not an RFI with the id `new`", () => {
    expect(routeOf("/rfis/new")?.page).toBe("new_rfi");
  });

  test.each(["/rfis/%zz", "/%", "/rfis/%ff", "/conversations/%e0%a4"])(
    "with invalid percent-encoding has no page: %s",
    (path) => expect(routeOf(path)).toBeNull(),
  );

  test.each(["/nowhere", "/rfis", "/rfis/a/b", "/matches", "/Conversations"])(
    "that is unknown has no page: %s",
    (path) => expect(routeOf(path)).toBeNull(),
  );

  test("with a trailing slash still leads to its page", () => {
    expect(routeOf("/conversations/")?.page).toBe("conversations");
    expect(routeOf("/rfis/abc/")).toEqual({ page: "rfi", id: "abc" });
  });
});

describe("an address from an older release", () => {
  test("has its path after the #", () => {
    expect(pathInHash("#/rfis/abc")).toBe("/rfis/abc");
    expect(pathInHash("#/")).toBe("/");
    expect(pathInHash("#main")).toBeNull();
    expect(pathInHash("")).toBeNull();
  });

  test.each(["#//evil.example/x", "#/\\evil.example/x"])("never leads to another host: %s", (hash) => {
    const url = new URL(pathInHash(hash) ?? "", "https://parley.example/");
    expect(url.host).toBe("parley.example");
  });
});
