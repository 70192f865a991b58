// Proving once more who one is. Whatever the page sends comes here when the server wants a proof for it; the shell has the dialog.

import { whenProofIsRequired } from "../api/client";

class Proof {
  /** Whether somebody is being asked. */
  isAsked = $state(false);
  private answers: ((proved: boolean) => void)[] = [];

  constructor() {
    whenProofIsRequired(() => this.ask());
  }

  /** What the dialog came to, for everything that waits for it. */
  finish(proved: boolean): void {
    const waiting = this.answers;
    this.answers = [];
    this.isAsked = false;
    for (const answer of waiting) answer(proved);
  }

  private ask(): Promise<boolean> {
    this.isAsked = true;
    return new Promise((resolve) => this.answers.push(resolve));
  }
}

export const proof = new Proof();
