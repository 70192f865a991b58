import { describe, expect, it } from "vitest";
import { Decimal, sum } from "./decimal";

const d = (text: string): Decimal => Decimal.from(text);

describe("reading", () => {
  it.each(["0", "12", "12.50", "-0.000000000000000001", "123456789012345678901234567890.123456789012345678"])("%s is written as it was", (text) => {
    expect(d(text).toString()).toBe(text);
  });

  it.each(["", "-", ".", "1e5", "1,5", "0x10", "1.2.3", "NaN", "١"])("%j is no number", (text) => {
    expect(Decimal.parse(text)).toBeNull();
  });

  it("takes what people type on the way to a number", () => {
    expect(Decimal.parse(" 12. ")?.toString()).toBe("12");
    expect(Decimal.parse(".5")?.toString()).toBe("0.5");
  });
});

describe("calculating", () => {
  it("is exact where floating point is not", () => {
    expect(d("0.1").add(d("0.2")).toString()).toBe("0.3");
    expect(d("2501.285").multiply(d("0.00000001")).toString()).toBe("0.00002501285");
    expect(sum([d("0.1"), d("0.22"), d("-0.333")]).toString()).toBe("-0.013");
  });

  it.each([
    ["10", "3", 4, "3.3333"],
    ["0.03", "0.1", 2, "0.30"],
    ["1", "8", 2, "0.12"],
    ["123.456", "1", 1, "123.4"],
  ])("%s / %s cut to %i decimals is %s", (a, b, scale, expected) => {
    expect(d(a).divide(d(b), scale).toString()).toBe(expected);
  });

  it.each([
    ["1.239", 2, "down", "1.23"],
    ["1.231", 2, "up", "1.24"],
    ["1.230", 2, "up", "1.23"],
    ["-1.239", 2, "down", "-1.23"],
    ["1.2", 4, "down", "1.2000"],
  ] as const)("%s with %i decimals, %s, is %s", (text, scale, rounding, expected) => {
    expect(d(text).rescale(scale, rounding).toString()).toBe(expected);
  });

  it("compares by value", () => {
    expect(d("1.50").equals(d("1.5"))).toBe(true);
    expect(d("99.5").lessThan(d("1000"))).toBe(true);
  });
});

it("leaves zeros at the end out where asked", () => {
  expect(d("12.500").toShortString()).toBe("12.5");
  expect(d("12.000").toShortString()).toBe("12");
  expect(d("1200").toShortString()).toBe("1200");
});
