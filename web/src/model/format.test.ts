import { describe, expect, it } from "vitest";
import { compact, duration, feeOfPpm, fixed, grouped, marketTitle, percentOfPpm, short, split } from "./format";

const plain = (text: string): string => text.replaceAll("\u202f", " ").replaceAll("\u2212", "-");

describe("numbers", () => {
  it.each([
    ["1234567.5", "1 234 567.5"],
    ["123.4567", "123.4567"],
    ["-1000", "-1 000"],
  ])("%s has its thousands apart", (text, expected) => expect(plain(grouped(text))).toBe(expected));

  it.each([
    ["0.999999999", 8, "0.99999999"],
    ["5", 2, "5.00"],
  ])("%s with %i decimals is cut, never rounded up", (text, decimals, expected) => expect(plain(fixed(text, decimals))).toBe(expected));

  it("are as short as they may be where columns do not matter", () => expect(plain(short("1500.1000", 8))).toBe("1 500.1"));

  it.each([
    ["59193.94908777", "59.19K"],
    ["146614374.06", "146.6M"],
    ["1234567890123", "1.234T"],
    ["999.99999", "999.99"],
    ["0.12345", "0.1234"],
  ])("%s is %s in an overview", (text, expected) => expect(plain(compact(text))).toBe(expected));

  it("are split into what says something and zeros", () => {
    expect(split("5.9600")).toEqual(["5.96", "00"]);
    expect(split("5.000")).toEqual(["5", ".000"]);
    expect(split("500")).toEqual(["500", ""]);
  });
});

it.each([
  [12345, "+1.23%"],
  [-4322, "-0.43%"],
  [0, "0.00%"],
  [-1, "0.00%"],
])("%i ppm is %s", (ppm, expected) => expect(plain(percentOfPpm(ppm, { sign: true }))).toBe(expected));

it("writes fees and markets as people do", () => {
  expect(feeOfPpm(2000)).toBe("0.2%");
  expect(marketTitle("btc_usd")).toBe("BTC/USD");
});

it.each([
  [1, "1 second"],
  [90, "90 seconds"],
  [60, "1 minute"],
  [600, "10 minutes"],
  [3600, "1 hour"],
])("says %d seconds", (seconds, words) => expect(duration(seconds)).toBe(words));
