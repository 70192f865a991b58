// Proving once more who one is: what a stolen session must not do answers `proof-required`, is asked for, and is then sent again.

import type { Call } from "../api/call";
import { ApiProblem, newIdempotencyKey, send } from "../api/client";

/** Somebody was asked and would not say. */
export class ProofDeclined extends Error {
  constructor() {
    super("Nothing was done: you did not confirm that it is you.");
  }
}

class Proof {
  /** Whether somebody is being asked. The shell has the dialog. */
  isAsked = $state(false);
  private answer: ((proved: boolean) => void) | null = null;

  /** The reply; a proof is asked for where the server wants one. ApiProblem as `send`; ProofDeclined. */
  async send<T>(call: Call<T>): Promise<T> {
    const key = newIdempotencyKey();
    try {
      return await send(call, key);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== "proof-required") throw error;
    }
    if (!(await this.ask())) throw new ProofDeclined();
    return await send(call, key);
  }

  /** What the dialog came to. */
  finish(proved: boolean): void {
    this.isAsked = false;
    this.answer?.(proved);
    this.answer = null;
  }

  private ask(): Promise<boolean> {
    this.finish(false);
    this.isAsked = true;
    return new Promise((resolve) => (this.answer = resolve));
  }
}

export const proof = new Proof();
