// Messages put together, so that whoever takes them is woken a few times a second and not once for each.

/** Milliseconds between two batches. */
const EVERY = 40;

export interface BatchEnvironment {
  /** Milliseconds, from any beginning. */
  now(): number;
  later(called: () => void, milliseconds: number): unknown;
  take(texts: string[]): void;
}

/** What comes after a silence is given at once; what comes within 40 ms after a batch is in the next one. Nothing is lost or out of order. */
export class Batches {
  private texts: string[] = [];
  private last = -Infinity;
  private isDue = false;

  constructor(private readonly environment: BatchEnvironment) {}

  add(text: string): void {
    this.texts.push(text);
    if (this.isDue) return;
    const wait = this.last + EVERY - this.environment.now();
    if (wait <= 0) this.give();
    else {
      this.isDue = true;
      this.environment.later(() => this.give(), wait);
    }
  }

  /** Gives what there is: nothing more will come. */
  give(): void {
    this.isDue = false;
    if (this.texts.length === 0) return;
    this.last = this.environment.now();
    this.environment.take(this.texts.splice(0));
  }
}
