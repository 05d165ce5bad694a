import { afterEach, describe, expect, test, vi } from "vitest";
import { memoryStorage, someTokens } from "../testing/servers";
import { ParleyError } from "./errors";
import { Sessions } from "./session";

afterEach(() => vi.useRealTimers());

const refused = new ParleyError("unauthenticated", "Unknown refresh token.", { status: 401 });
const away = new ParleyError("unavailable", "Away.", { is_temporary: true });

describe("a session", () => {
  test("outlives a reload of the page, and ends with the log-out", () => {
    const storage = memoryStorage();
    const refresh = () => Promise.resolve(someTokens(2));
    new Sessions({ storage, refresh }).start(someTokens(1));
    const reloaded = new Sessions({ storage, refresh });
    expect(reloaded.current?.access_token).toBe("access-1");
    reloaded.end();
    expect(new Sessions({ storage, refresh }).current).toBeNull();
  });

  test("that is stored as nonsense is none", () => {
    const storage = memoryStorage();
    for (const nonsense of ["{", "7", '{"access_token":1}', "null"]) {
      storage.setItem("parley.session", nonsense);
      expect(new Sessions({ storage, refresh: () => Promise.reject(away) }).current).toBeNull();
    }
  });

  test("is refreshed a minute before it runs out", async () => {
    vi.useFakeTimers();
    const refresh = vi.fn(() => Promise.resolve(someTokens(2)));
    const sessions = new Sessions({ storage: memoryStorage(), refresh });
    sessions.start(someTokens(1, 900));
    await vi.advanceTimersByTimeAsync(839_000);
    expect(refresh).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(refresh).toHaveBeenCalledExactlyOnceWith("refresh-1");
    expect(await sessions.token()).toBe("access-2");
  });

  test("is refreshed once for all who ask at the same time", async () => {
    const refresh = vi.fn(() => Promise.resolve(someTokens(2)));
    const sessions = new Sessions({ storage: memoryStorage(), refresh });
    sessions.start(someTokens(1, 1));
    const tokens = await Promise.all([sessions.token(), sessions.token(), sessions.token()]);
    expect(tokens).toEqual(["access-2", "access-2", "access-2"]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("ends when its refresh token is refused, and the page can say so", async () => {
    const sessions = new Sessions({ storage: memoryStorage(), refresh: () => Promise.reject(refused) });
    sessions.start(someTokens(1));
    await expect(sessions.refresh()).rejects.toBe(refused);
    expect(sessions.state.get()).toEqual({ session: null, has_ended: true });
  });

  test("stays when the refresh failed for a passing reason, and tries again", async () => {
    vi.useFakeTimers();
    const refresh = vi.fn(() => Promise.reject<never>(away));
    const sessions = new Sessions({ storage: memoryStorage(), refresh });
    sessions.start(someTokens(1, 900));
    await vi.advanceTimersByTimeAsync(841_000);
    expect(sessions.current?.access_token).toBe("access-1");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(refresh).toHaveBeenCalledTimes(2);
    sessions.end();
  });

  test("that was ended during a refresh does not come back", async () => {
    let answer: (tokens: ReturnType<typeof someTokens>) => void = () => undefined;
    const refresh = () => new Promise<ReturnType<typeof someTokens>>((resolve) => (answer = resolve));
    const sessions = new Sessions({ storage: memoryStorage(), refresh });
    sessions.start(someTokens(1));
    const refreshing = sessions.refresh();
    sessions.end();
    answer(someTokens(2));
    await expect(refreshing).rejects.toMatchObject({ code: "unauthenticated" });
    expect(sessions.current).toBeNull();
  });
});
