// A sandbox's clock between two looks at it, and how far a manual one is to be moved so that it seems to run.

/** How many times as fast as this machine's it goes; 0 for one that stands until it is moved. */
export function paceOf(mode: string): number {
  if (mode === "manual") return 0;
  const pace = /^x(\d+(?:\.\d+)?)$/.exec(mode)?.[1];
  return pace === undefined ? 1 : Number(pace);
}

/** µs that it shows so many milliseconds after it showed `micros`. */
export function timeAfter(micros: number, pace: number, milliseconds: number): number {
  return micros + Math.round(milliseconds * 1_000 * pace);
}

const LONGEST_GAP = 2_000;
const SHORTEST = 0.001;

/** Seconds to move a clock that plays at `speed`, so many milliseconds after it was moved last. A page that slept does not catch up. */
export function advanceFor(speed: number, milliseconds: number): number {
  return Math.max(SHORTEST, Math.round(Math.min(milliseconds, LONGEST_GAP) * speed) / 1_000);
}
