/** A draft with a name, stored until it is sent or emptied. */

import { Store } from "./store";
import type { UnsentStore } from "./unsent-store";

export class Draft {
  readonly text = new Store("");
  readonly #unsentStore: Pick<UnsentStore, "draft" | "setDraft">;
  readonly #name: string;
  #isTouched = false;

  constructor(unsentStore: Pick<UnsentStore, "draft" | "setDraft">, name: string) {
    this.#unsentStore = unsentStore;
    this.#name = name;
    void unsentStore.draft(name).then((text) => {
      // Text typed while the stored draft was being read is newer.
      if (!this.#isTouched) this.text.set(text);
    });
  }

  set(text: string): void {
    this.#isTouched = true;
    this.text.set(text);
    this.#unsentStore.setDraft(this.#name, text);
  }
}
