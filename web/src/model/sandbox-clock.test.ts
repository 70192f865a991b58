import { expect, it } from "vitest";
import { advanceFor, paceOf, timeAfter } from "./sandbox-clock";

it.each([
  ["real", 1],
  ["x60", 60],
  ["x0.5", 0.5],
  ["manual", 0],
])("a clock that is %s has the pace %s", (mode, pace) => expect(paceOf(mode)).toBe(pace));

it.each([
  ["stands still", 0, 1_000],
  ["runs", 1, 2_501_000],
  ["runs fast", 60, 150_001_000],
])("a clock that %s", (_situation, pace, micros) => expect(timeAfter(1_000, pace, 2_500)).toBe(micros));

it.each([
  ["as fast as time", 1, 250, 0.25],
  ["sixty times as fast", 60, 250, 15],
  ["after the page slept for a minute", 1, 60_000, 2],
  ["at once again", 1, 0, 0.001],
])("moves a clock %s", (_situation, speed, milliseconds, seconds) => expect(advanceFor(speed, milliseconds)).toBe(seconds));
