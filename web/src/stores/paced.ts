// How often what the stream tells is drawn.

/** Milliseconds: nobody reads faster, and a busy market leaves the browser time for whoever presses something. */
const EVERY = 100;

/**
 * Draws in the next frame, however often it is asked meanwhile; what comes closely behind that waits for the next whole tenth of a second. So
 * what comes after a silence is there at once, what comes a thousand times a second is drawn ten times, and all that waits is drawn in the
 * same frame, which has the page laid out once.
 */
export class Paced {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;
  private last = -Infinity;

  constructor(
    private readonly draw: () => void,
    private readonly every = EVERY,
  ) {}

  ask(): void {
    if (this.frame !== 0 || this.timer !== undefined) return;
    const now = performance.now();
    if (now - this.last >= this.every) this.soon();
    else this.timer = setTimeout(() => this.soon(), this.every - (now % this.every));
  }

  stop(): void {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.timer = undefined;
    this.frame = 0;
  }

  private soon(): void {
    this.timer = undefined;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.last = performance.now();
      this.draw();
    });
  }
}
