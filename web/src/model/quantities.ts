// Sizes, durations and fees as people read and write them.

import { Decimal } from "./decimal";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes in the unit that leaves one to four digits: "3.4 MiB". */
export function bytes(count: number): string {
  let unit = 0;
  let size = count;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.floor(size) : Math.floor(size * 10) / 10} ${UNITS[unit]}`;
}

/** µs in a unit that fits: "850 µs", "12.5 ms", "3.2 s", "4 min 10 s", "2 d 3 h". */
export function duration(micros: number): string {
  if (micros < 1_000) return `${Math.floor(micros)} µs`;
  if (micros < 1_000_000) return `${tenths(micros / 1_000)} ms`;
  const seconds = micros / 1_000_000;
  if (seconds < 60) return `${tenths(seconds)} s`;
  const whole = Math.floor(seconds);
  for (const [size, unit, smaller, smallerUnit] of [
    [86_400, "d", 3_600, "h"],
    [3_600, "h", 60, "min"],
    [60, "min", 1, "s"],
  ] as const) {
    if (whole < size) continue;
    const rest = Math.floor((whole % size) / smaller);
    return `${Math.floor(whole / size)} ${unit}${rest > 0 ? ` ${rest} ${smallerUnit}` : ""}`;
  }
  return `${whole} s`;
}

function tenths(number: number): string {
  return String(number >= 100 ? Math.floor(number) : Math.floor(number * 10) / 10);
}

/** A fee that somebody wrote as a per cent, in millionths: "0.2" is 2000. A sentence when it is none. */
export function ppmOfPercent(text: string): number | string {
  const percent = Decimal.parse(text.trim());
  if (percent === null || percent.isNegative) return "Write a per cent such as 0.2.";
  const exact = percent.rescale(4);
  if (!exact.equals(percent)) return "At most four decimals.";
  if (exact.units > 1_000_000n) return "A fee is at most 100 %.";
  return Number(exact.units);
}

/** Millionths as the per cent that `ppmOfPercent` reads: 2000 is "0.2". */
export function percentText(ppm: number): string {
  return Decimal.of(BigInt(ppm), 4).toShortString();
}
