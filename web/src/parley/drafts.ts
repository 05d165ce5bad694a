/** A draft with a name, stored until it is sent or emptied. */

import { Store } from "./store";
import type { Texts } from "./texts";

export class Draft {
  readonly text = new Store("");
  readonly #texts: Pick<Texts, "draft" | "setDraft">;
  readonly #name: string;
  #isTouched = false;

  constructor(texts: Pick<Texts, "draft" | "setDraft">, name: string) {
    this.#texts = texts;
    this.#name = name;
    void texts.draft(name).then((text) => {
      // Text typed while the stored draft was being read is newer.
      if (!this.#isTouched) this.text.set(text);
    });
  }

  set(text: string): void {
    this.#isTouched = true;
    this.text.set(text);
    this.#texts.setDraft(this.#name, text);
  }
}
