// Numbers and times as people read them. Nothing is rounded up: what is shown of an amount is there.

import { Decimal } from "./decimal";

const GROUP = "\u202f"; // a narrow no-break space

/** "1234567.5" with so many decimals and its thousands apart: "1 234 567.50". */
export function grouped(text: string): string {
  const negative = text.startsWith("-");
  const [whole = "", fraction] = (negative ? text.slice(1) : text).split(".");
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, GROUP);
  return (negative ? "\u2212" : "") + (fraction === undefined ? apart : `${apart}.${fraction}`);
}

/** A number with exactly so many decimals, cut. */
export function fixed(number: Decimal | string, decimals: number): string {
  const exact = typeof number === "string" ? Decimal.from(number) : number;
  return grouped(exact.rescale(decimals).toString());
}

/** A number with as many decimals as it needs, and at most so many. */
export function short(number: Decimal | string, decimals: number): string {
  const exact = typeof number === "string" ? Decimal.from(number) : number;
  return grouped(exact.rescale(decimals).toShortString());
}

/** A number's significant beginning, and the zeros behind it that only keep the column straight. */
export function split(text: string): [string, string] {
  if (!text.includes(".")) return [text, ""];
  const kept = text.replace(/\.?0+$/, "");
  return [kept, text.slice(kept.length)];
}

/** Four significant digits with a letter for thousands: "59.19K". For overviews only. */
export function compact(number: Decimal | string): string {
  const exact = typeof number === "string" ? Decimal.from(number) : number;
  const whole = exact.rescale(0).units;
  const size = whole < 0n ? -whole : whole;
  for (const [letter, power] of [["T", 12], ["B", 9], ["M", 6], ["K", 3]] as const) {
    if (size >= 10n ** BigInt(power)) {
      const scaled = Decimal.of(exact.units, exact.scale + power);
      const digits = (size / 10n ** BigInt(power)).toString().length;
      return grouped(scaled.rescale(Math.max(0, 4 - digits)).toString()) + letter;
    }
  }
  return grouped(exact.rescale(Math.max(0, 5 - size.toString().length)).toString());
}

/** Millionths as per cent: 12345 is "+1.23 %". */
export function percentOfPpm(ppm: number, options: { sign?: boolean } = {}): string {
  const hundredths = Math.trunc(ppm / 100);
  const size = Math.abs(hundredths);
  const text = `${Math.trunc(size / 100)}.${String(size % 100).padStart(2, "0")}%`;
  const sign = hundredths < 0 ? "\u2212" : options.sign && hundredths > 0 ? "+" : "";
  return sign + text;
}

/** A fee in millionths: 2000 is "0.2%". */
export function feeOfPpm(ppm: number): string {
  return `${Decimal.of(BigInt(ppm), 4).toShortString()}%`;
}

const two = (number: number): string => String(number).padStart(2, "0");

/** µs since 1970 as the clock of this machine's zone: "14:03:59". */
export function clock(time: number): string {
  const date = new Date(time / 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** "2026-11-30 14:03:59". */
export function dateAndClock(time: number): string {
  const date = new Date(time / 1000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(time)}`;
}

/** "btc_usd" as people write it: "BTC/USD". */
export function marketTitle(name: string): string {
  return name.toUpperCase().replace("_", "/");
}

/** Seconds in the largest unit that they fill: "10 minutes", "1 hour". */
export function duration(seconds: number): string {
  const [size, unit] = seconds >= 3600 && seconds % 3600 === 0 ? [seconds / 3600, "hour"] : seconds >= 60 && seconds % 60 === 0 ? [seconds / 60, "minute"] : [seconds, "second"];
  return `${size} ${unit}${size === 1 ? "" : "s"}`;
}
