import { expect, test } from "vitest";
import { browserTabLock } from "./tab-lock";

/** The part of the Web Locks API that the code uses: one holder, the others in a queue. */
function someLocks(): LockManager {
  let last: Promise<unknown> = Promise.resolve();
  let isHeld = false;
  const hold = async (work: (lock: object | null) => unknown) => {
    isHeld = true;
    try {
      return await work({});
    } finally {
      isHeld = false;
    }
  };
  const request = (_: string, options: LockOptions, work: (lock: object | null) => unknown) => {
    if (options.ifAvailable) {
      if (isHeld) return Promise.resolve(work(null));
      return (last = hold(work));
    }
    const aborted = new Promise((__, reject) =>
      options.signal?.addEventListener("abort", () => reject(new Error("aborted"))),
    );
    return Promise.race([(last = last.then(() => hold(work))), aborted]);
  };
  return { request } as unknown as LockManager;
}

test.each([["with locks", someLocks()], ["without locks", undefined]])(
  "the caller gets what the work returns or throws, %s",
  async (_, locks) => {
    const tabLock = browserTabLock(locks);
    expect(await tabLock("a", (hasWaited) => Promise.resolve(hasWaited))).toBe(false);
    await expect(tabLock("a", () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    expect(await tabLock("a", () => Promise.resolve(1))).toBe(1);
  },
);

test("the second caller waits for the first, and its work learns that it has waited", async () => {
  const tabLock = browserTabLock(someLocks());
  const seen: string[] = [];
  let finish = () => undefined as void;
  const first = tabLock("a", async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    seen.push("first");
  });
  const second = tabLock("a", async (hasWaited) => void seen.push(`second, waited: ${hasWaited}`));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(seen).toEqual([]);
  finish();
  await Promise.all([first, second]);
  expect(seen).toEqual(["first", "second, waited: true"]);
});
