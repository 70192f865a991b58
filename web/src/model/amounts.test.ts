import { describe, expect, it } from "vitest";
import { amountProblem, amountText } from "./amounts";

const BTC = { code: "BTC", decimals: 8, available: "1.5", least: "0.001" };

it("says what there is with the asset's decimals, as it stands beside the field", () => {
  expect(amountProblem("1", { code: "BTC", decimals: 8, available: "0.00000000894" })).toBe("You have 0 BTC.");
});

describe("an amount that somebody wrote", () => {
  it.each([
    ["1.5", null],
    ["0.001", null],
    ["0.00100000000000000", null], // zeros behind the last decimal say nothing
    [".5", null],
    [" 1 ", null],
    ["", "Write a number such as 0.25."],
    ["1,5", "Write a number such as 0.25."],
    ["1e3", "Write a number such as 0.25."],
    ["-1", "Write a number such as 0.25."],
    ["0", "The amount must be above zero."],
    ["0.000", "The amount must be above zero."],
    ["0.123456789", "BTC has at most 8 decimals."],
    ["0.00099999", "The smallest amount is 0.001 BTC."],
    ["1.50000001", "You have 1.5 BTC."],
  ])("%s", (text, problem) => {
    expect(amountProblem(text, BTC)).toBe(problem);
  });

  it.each([
    [" 1.50 ", "1.5"],
    [".5", "0.5"],
    ["100", "100"],
    ["12345678901234567890.12345678", "12345678901234567890.12345678"],
  ])("%s is sent as %s", (text, sent) => {
    expect(amountText(text)).toBe(sent);
  });
});
