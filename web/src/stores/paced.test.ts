import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Paced } from "./paced";

const FRAME = 16;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("requestAnimationFrame", (called: () => void) => setTimeout(called, FRAME));
  vi.stubGlobal("cancelAnimationFrame", (id: ReturnType<typeof setTimeout>) => clearTimeout(id));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** How often it was drawn when it is asked every millisecond for that long, and when first. */
function drawn(milliseconds: number): { times: number[] } {
  const times: number[] = [];
  const began = performance.now();
  const paced = new Paced(() => times.push(performance.now() - began));
  for (let elapsed = 0; elapsed < milliseconds; elapsed += 1) {
    paced.ask();
    vi.advanceTimersByTime(1);
  }
  return { times };
}

it("draws the first change in the next frame", () => expect(drawn(FRAME + 1).times).toEqual([FRAME]));

it("draws a thousand changes a second about ten times", () => {
  const { times } = drawn(1_000);
  expect(times.length).toBeGreaterThanOrEqual(10);
  expect(times.length).toBeLessThanOrEqual(13);
});

it("draws the last change too", () => {
  const draw = vi.fn();
  const paced = new Paced(draw);
  paced.ask();
  vi.advanceTimersByTime(FRAME);
  paced.ask();
  vi.advanceTimersByTime(1_000);
  expect(draw).toHaveBeenCalledTimes(2);
});

it("draws nothing once it is stopped", () => {
  const draw = vi.fn();
  const paced = new Paced(draw);
  paced.ask();
  vi.advanceTimersByTime(FRAME);
  paced.ask();
  paced.stop();
  vi.advanceTimersByTime(1_000);
  expect(draw).toHaveBeenCalledTimes(1);
});
