import { expect, it } from "vitest";
import { bytes, duration, percentText, ppmOfPercent } from "./quantities";

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [1_500_000, "1.4 MiB"],
  [250 * 1024 ** 3, "250 GiB"],
])("%s bytes are %s", (count, text) => expect(bytes(count)).toBe(text));

it.each([
  [850, "850 µs"],
  [12_550, "12.5 ms"],
  [3_200_000, "3.2 s"],
  [59_999_999, "59.9 s"],
  [250_000_000, "4 min 10 s"],
  [3_600_000_000, "1 h"],
  [183_600_000_000, "2 d 3 h"],
])("%s µs are %s", (micros, text) => expect(duration(micros)).toBe(text));

it.each<[string, number | string]>([
  ["0.2", 2000],
  [" 0 ", 0],
  ["0.0001", 1],
  ["100", 1_000_000],
  ["0.00001", "At most four decimals."],
  ["100.0001", "A fee is at most 100 %."],
  ["-1", "Write a per cent such as 0.2."],
  ["", "Write a per cent such as 0.2."],
  ["a fifth", "Write a per cent such as 0.2."],
])("a fee of %j is %j", (text, expected) => expect(ppmOfPercent(text)).toBe(expected));

it("writes a fee as it is read", () => expect(percentText(2000)).toBe("0.2"));
