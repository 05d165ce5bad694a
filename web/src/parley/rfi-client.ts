/** Keeps an RFI and its change history up to date: read over REST, then followed over the socket. */

import { isOtherEpoch } from "./epochs";
import { asParleyError, ParleyError } from "./errors";
import type { Gateway } from "./gateway";
import type { Rest } from "./rest";
import { Retry } from "./retry";
import * as steps from "./rfi-feed";
import type { RfiFeed } from "./rfi-feed";
import { Store } from "./store";

export interface RfiOptions {
  gateway: Pick<Gateway, "join" | "on" | "onConnected" | "onHead" | "onLeft" | "hold" | "is_connected">;
  rest: Pick<Rest, "rfi" | "changes">;
  rfi_id: string;
}

export class RfiClient {
  readonly feed = new Store<RfiFeed>(steps.NO_RFI);
  /** Why the RFI cannot be shown, or null; `not_found` if the account may no longer see it. */
  readonly failure = new Store<ParleyError | null>(null);
  readonly #options: RfiOptions;
  readonly #cleanups: (() => void)[] = [];
  readonly #retry = new Retry();
  #isJoining = false;
  /** How often the account lost access: responses to earlier requests are then ignored. */
  #lostAccessCount = 0;

  constructor(options: RfiOptions) {
    this.#options = options;
  }

  open(): void {
    const { gateway, rfi_id } = this.#options;
    this.#cleanups.push(
      gateway.hold(`rfi:${rfi_id}`),
      gateway.on("rfi.changed", (push) => {
        if (push.rfi_id !== rfi_id) return;
        this.#advance((f) => steps.revisionsAdded(f, [push]));
        // A budget that becomes visible is not in the change: read the RFI.
        if (push.changes.some((each) => each.path === "budget_visibility")) this.#widen();
      }),
      gateway.on("match.updated", (push) => {
        if (push.rfi_id === rfi_id) this.#widen();
      }),
      gateway.onHead((room, head, epoch) => {
        if (room !== `rfi:${rfi_id}`) return;
        // Of another epoch: join again for the current state.
        if (isOtherEpoch(this.feed.get().epoch, epoch)) void this.#join();
        else this.#advance((f) => steps.headRaised(f, head));
      }),
      gateway.onLeft((room) => {
        if (room === `rfi:${rfi_id}`) this.#lostAccess();
      }),
      gateway.onConnected(() => void this.#join()),
    );
    void this.load();
  }

  close(): void {
    for (const cleanUp of this.#cleanups.splice(0)) cleanUp();
    this.#retry.cancel();
  }

  /** Reads the RFI and its whole history; call it after a command too. */
  async load(): Promise<void> {
    const { rest, rfi_id } = this.#options;
    const lostAccessCount = this.#lostAccessCount;
    try {
      const [rfi, changes] = await Promise.all([rest.rfi(rfi_id), rest.changes(rfi_id, 0)]);
      if (lostAccessCount !== this.#lostAccessCount) return;
      this.failure.set(null);
      this.#advance((f) => steps.withSnapshot(f, rfi, changes));
    } catch (thrown) {
      this.#failed(asParleyError(thrown));
    }
  }

  /** Reads a limited view again when more of it may be visible, for example after the acceptance. */
  #widen(): void {
    if (this.feed.get().rfi?.visibility === "limited") void this.load();
  }

  /** The account may no longer see the RFI. */
  #lostAccess(): void {
    this.#lostAccessCount += 1;
    this.#retry.cancel();
    this.#failed(new ParleyError("not_found", "You may no longer see this RFI."));
  }

  /** Keeps showing the RFI after an error, unless the account may no longer see it. */
  #failed(error: ParleyError): void {
    const isLost = error.code === "not_found" || error.code === "forbidden";
    if (isLost) this.feed.set(steps.NO_RFI);
    if (this.feed.get().rfi === null) this.failure.set(error);
  }

  #advance(step: (feed: RfiFeed) => RfiFeed): void {
    this.feed.set(step(this.feed.get()));
    if (this.feed.get().rfi !== null && steps.missingAfter(this.feed.get()) !== null) void this.#join();
  }

  /** Joins, or joins again to fetch missing changes: the answer has both. */
  async #join(): Promise<void> {
    const { gateway, rfi_id } = this.#options;
    if (this.#isJoining || !gateway.is_connected) return;
    this.#isJoining = true;
    this.#retry.cancel();
    const { rfi, epoch } = this.feed.get();
    const after_revision = rfi?.revision ?? 0;
    const lostAccessCount = this.#lostAccessCount;
    try {
      const answer = await gateway.join(`rfi:${rfi_id}`, { after_revision, epoch });
      if (lostAccessCount !== this.#lostAccessCount) return;
      this.failure.set(null);
      this.feed.set(steps.joined(this.feed.get(), answer));
      // More changes were missed than a join returns: the RFI is current, read its history over REST.
      if (answer.is_snapshot) void this.load();
      if (steps.missingAfter(this.feed.get()) === null) this.#retry.reset();
      else this.#retry.later(() => void this.#join());
    } catch (thrown) {
      const error = asParleyError(thrown);
      if (error.is_temporary) this.#retry.later(() => void this.#join(), error.retry_after_ms);
      else this.#failed(error);
    } finally {
      this.#isJoining = false;
    }
  }
}
