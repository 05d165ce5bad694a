import { afterEach, describe, expect, test, vi } from "vitest";
import { memoryTabLock, memoryStorage, someTokens } from "../testing/servers";
import { browserTabLock } from "./tab-lock";
import { ParleyError } from "./errors";
import { removeExpired, type SessionOptions, Sessions } from "./session";
import type { Tokens } from "./types";

afterEach(() => vi.useRealTimers());

const refused = new ParleyError("unauthenticated", "Unknown refresh token.", { status: 401 });
const away = new ParleyError("unavailable", "Away.", { is_temporary: true });

/** A browser: the tabs' shared storage and lock. */
function aBrowser(refresh: SessionOptions["refresh"] = () => Promise.resolve(someTokens(2))) {
  const shared = memoryStorage();
  const tabLock = memoryTabLock();
  const open = (tab = memoryStorage()) => new Sessions({ tab, shared, refresh, tabLock });
  return { shared, open };
}

/** A marketplace where a refresh token works once, and a refusal arrives after the success. */
function aMarketplace() {
  const used: string[] = [];
  const refresh = vi.fn(async (token: string): Promise<Tokens> => {
    const isFirst = !used.includes(token);
    if (isFirst) used.push(token);
    await new Promise((resolve) => setTimeout(resolve, isFirst ? 5 : 20));
    if (!isFirst) throw refused;
    return someTokens(used.length + 1);
  });
  return refresh;
}

describe("a session", () => {
  test("survives a reload of the page and ends with the log-out", () => {
    const { open } = aBrowser();
    const tab = memoryStorage();
    open(tab).start(someTokens(1));
    const reloaded = open(tab);
    expect(reloaded.current?.access_token).toBe("access-1");
    reloaded.end();
    expect(open(tab).current).toBeNull();
  });

  test("with invalid stored data is ignored", () => {
    const { open, shared } = aBrowser();
    const login = "0123456789abcdef0123456789abcdef";
    for (const nonsense of ["{", "7", '{"access_token":1}', "null", login]) {
      const tab = memoryStorage();
      tab.setItem("parley.session", nonsense);
      expect(open(tab).current).toBeNull();
      tab.setItem("parley.session", login);
      shared.setItem(`parley.session.${login}`, nonsense);
      expect(open(tab).current).toBeNull();
    }
  });

  test("of the previous release, which stored the tokens in the tab, continues", () => {
    const { open } = aBrowser();
    const { account, access_token, refresh_token } = someTokens(1);
    const tab = memoryStorage();
    const expires_at_ms = Date.now() + 900_000;
    const older = { account, access_token, refresh_token, expires_at_ms };
    tab.setItem("parley.session", JSON.stringify(older));
    expect(open(tab).current).toEqual(older);
    expect(open(tab).current).toEqual(older);
    expect(tab.getItem("parley.session")).not.toContain("refresh");
  });

  test("is refreshed a minute before it expires", async () => {
    vi.useFakeTimers();
    const refresh = vi.fn(() => Promise.resolve(someTokens(2)));
    const sessions = aBrowser(refresh).open();
    sessions.start(someTokens(1, 900));
    await vi.advanceTimersByTimeAsync(839_000);
    expect(refresh).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(refresh).toHaveBeenCalledExactlyOnceWith("refresh-1");
    expect(await sessions.token()).toBe("access-2");
  });

  test("is refreshed once for concurrent callers", async () => {
    const refresh = vi.fn(() => Promise.resolve(someTokens(2)));
    const sessions = aBrowser(refresh).open();
    sessions.start(someTokens(1, 1));
    const tokens = await Promise.all([sessions.token(), sessions.token(), sessions.token()]);
    expect(tokens).toEqual(["access-2", "access-2", "access-2"]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("ends when its refresh token is refused, and `has_ended` says so", async () => {
    const sessions = aBrowser(() => Promise.reject(refused)).open();
    sessions.start(someTokens(1));
    await expect(sessions.refresh()).rejects.toBe(refused);
    expect(sessions.state.get()).toEqual({ session: null, has_ended: true });
  });

  test("survives a temporary error of the refresh, and retries it", async () => {
    vi.useFakeTimers();
    const refresh = vi.fn(() => Promise.reject<never>(away));
    const sessions = aBrowser(refresh).open();
    sessions.start(someTokens(1, 900));
    await vi.advanceTimersByTimeAsync(841_000);
    expect(sessions.current?.access_token).toBe("access-1");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(refresh).toHaveBeenCalledTimes(2);
    sessions.end();
  });

  test("that ended during a refresh is not restored", async () => {
    let answer: (tokens: Tokens) => void = () => undefined;
    const refresh = () => new Promise<Tokens>((resolve) => (answer = resolve));
    const sessions = aBrowser(refresh).open();
    sessions.start(someTokens(1));
    const refreshing = sessions.refresh();
    await Promise.resolve();
    sessions.end();
    answer(someTokens(2));
    await expect(refreshing).rejects.toMatchObject({ code: "unauthenticated" });
    expect(sessions.current).toBeNull();
  });
});

describe("a duplicated tab", () => {
  /** The browser copies the tab's sessionStorage without an event. */
  const duplicate = (tab: ReturnType<typeof memoryStorage>) => {
    const copy = memoryStorage();
    copy.setItem("parley.session", tab.getItem("parley.session") ?? "");
    return copy;
  };

  test("refreshes together with the original: each refresh token is used once, and both continue", async () => {
    const refresh = aMarketplace();
    const { open } = aBrowser(refresh);
    const tab = memoryStorage();
    const first = open(tab);
    first.start(someTokens(1, 1));
    const second = open(duplicate(tab));
    const tokens = await Promise.all([first.token(), second.token()]);
    expect(tokens).toEqual(["access-2", "access-2"]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("waits until tokens written by another browser process become visible", async () => {
    const refresh = aMarketplace();
    const { open, shared } = aBrowser(refresh);
    const tab = memoryStorage();
    const first = open(tab);
    first.start(someTokens(1, 1));
    const key = `parley.session.${tab.getItem("parley.session")}`;
    const second = open(duplicate(tab));
    const before = shared.getItem(key) ?? "";
    const [one, two] = [first.token(), second.token()];
    await one;
    const written = shared.getItem(key) ?? "";
    shared.setItem(key, before);
    setTimeout(() => {
      shared.setItem(key, written);
      second.sharedStorageChanged(key);
    }, 30);
    expect(await two).toBe("access-2");
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("that sees the new tokens while it waits for the lock uses them", async () => {
    const refresh = aMarketplace();
    const { open } = aBrowser(refresh);
    const tab = memoryStorage();
    const first = open(tab);
    first.start(someTokens(1));
    const key = `parley.session.${tab.getItem("parley.session")}`;
    const second = open(duplicate(tab));
    first.state.subscribe(() => second.sharedStorageChanged(key));
    await Promise.all([first.refresh(), second.refresh()]);
    expect(second.current?.access_token).toBe("access-2");
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("continues with the newest tokens after a long suspension", async () => {
    const refresh = aMarketplace();
    const { open } = aBrowser(refresh);
    const tab = memoryStorage();
    const first = open(tab);
    first.start(someTokens(1));
    const asleep = open(duplicate(tab));
    await first.refresh();
    await first.refresh();
    await first.refresh();
    expect((await asleep.refresh()).access_token).toBe("access-4");
    expect(open(duplicate(tab)).current?.access_token).toBe("access-4");
    expect(refresh).toHaveBeenCalledTimes(3);
  });

  test("follows the original's new tokens and its log-out", async () => {
    const { open } = aBrowser();
    const tab = memoryStorage();
    const first = open(tab);
    first.start(someTokens(1));
    const second = open(duplicate(tab));
    const key = `parley.session.${tab.getItem("parley.session")}`;
    await first.refresh();
    second.sharedStorageChanged(key);
    expect(second.current?.access_token).toBe("access-2");
    second.sharedStorageChanged("something else");
    first.end();
    expect(second.current).not.toBeNull();
    second.sharedStorageChanged(key);
    expect(second.state.get()).toEqual({ session: null, has_ended: true });
  });

  test("without locks, does not end a log-in that the other tab has refreshed first", async () => {
    const refresh = aMarketplace();
    const shared = memoryStorage();
    const tabLock = browserTabLock(undefined);
    const open = (tab: ReturnType<typeof memoryStorage>) => new Sessions({ tab, shared, refresh, tabLock });
    const tab = memoryStorage();
    const first = open(tab);
    first.start(someTokens(1, 1));
    const second = open(duplicate(tab));
    const tokens = await Promise.all([first.token(), second.token()]);
    expect(tokens).toEqual(["access-2", "access-2"]);
  });
});

test("two accounts in two tabs do not affect each other", () => {
  const { open } = aBrowser();
  const [one, two] = [open(), open()];
  one.start(someTokens(1));
  two.start(someTokens(2));
  one.end();
  expect(two.current?.access_token).toBe("access-2");
});

test("a log-in unused for 30 days is removed, a newer one is not", () => {
  const now_ms = 1_900_000_000_000;
  const kept = (expires_at_ms: number) =>
    JSON.stringify({ account: { id: "a" }, access_token: "a", refresh_token: "r", expires_at_ms });
  const shared = {
    "parley.session.old": kept(now_ms - 31 * 86_400_000),
    "parley.session.new": kept(now_ms - 29 * 86_400_000),
    "parley.session.bad": "{",
    "something else": "{",
  };
  const asStorage = Object.create(
    {
      getItem: (key: keyof typeof shared) => asStorage[key],
      removeItem: (key: keyof typeof shared) => delete asStorage[key],
    },
    Object.getOwnPropertyDescriptors(shared),
  ) as Storage & Partial<typeof shared>;
  removeExpired(asStorage, now_ms);
  expect(Object.keys(asStorage)).toEqual(["parley.session.new", "something else"]);
});
