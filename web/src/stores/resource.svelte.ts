// What one call gives, with what a page must know of it: whether it is there, how old it is, and why it could not be had.

import { untrack } from "svelte";

/** `ask` sends the call. Replies that were overtaken by a later question are dropped. */
export class Resource<T> {
  value = $state.raw<T | null>(null);
  /** Why the last question had no answer; null once it had one. `value` is then what was known before. */
  problem = $state.raw<unknown>(null);
  private asked = 0;

  constructor(private readonly ask: () => Promise<T>) {}

  async load(): Promise<void> {
    const mine = ++this.asked;
    try {
      const value = await this.ask();
      if (mine !== this.asked) return;
      this.value = value;
      this.problem = null;
    } catch (error) {
      if (mine === this.asked) this.problem = error;
    }
  }

  /** What is known already, such as the reply to a change. A question under way is dropped. */
  take(value: T): void {
    this.asked += 1;
    this.value = value;
    this.problem = null;
  }

  /** Forgets what is known, because it is of something else now. */
  forget(): void {
    this.asked += 1;
    this.value = null;
    this.problem = null;
  }

  /** Asks at once, and again so many milliseconds after each answer, while the page is in sight; until the returned function is called. */
  keep(milliseconds: number): () => void {
    let timer: ReturnType<typeof setTimeout>;
    let ended = false;
    const again = async (): Promise<void> => {
      if (document.visibilityState === "visible") await this.load();
      if (!ended) timer = setTimeout(() => void again(), milliseconds);
    };
    // An effect that calls this is not to run again when what the call was made of changes.
    untrack(() => void again());
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }
}
