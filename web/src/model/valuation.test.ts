import { describe, expect, it } from "vitest";
import { quoteAssets, rate } from "./valuation";

const MARKETS = [
  { name: "btc_usd", base: "BTC", quote: "USD" },
  { name: "ltc_btc", base: "LTC", quote: "BTC" },
  { name: "eur_usd", base: "EUR", quote: "USD" },
  { name: "new_usd", base: "NEW", quote: "USD" },
  { name: "free_usd", base: "FREE", quote: "USD" },
];
const PRICES = new Map([
  ["btc_usd", { last: "60000.5" }],
  ["ltc_btc", { last: "0.0015" }],
  ["eur_usd", { last: "1.25" }],
  ["new_usd", { last: null }],
  ["free_usd", { last: "0" }],
]);

describe("what one unit is worth", () => {
  it.each([
    ["USD", "USD", "1"],
    ["BTC", "USD", "60000.5"],
    ["LTC", "USD", "90.00075"], // by way of BTC
    ["USD", "EUR", "0.8"],
    ["BTC", "EUR", "48000.4"],
    ["LTC", "EUR", "72.0006"],
    ["NEW", "USD", null], // never traded
    ["USD", "FREE", null], // nothing can be divided by
    ["XYZ", "USD", null],
  ])("%s in %s", (from, to, worth) => {
    expect(rate(from, to, MARKETS, PRICES)?.toShortString() ?? null).toBe(worth);
  });
});

it("names the first market's quote first, and each once", () => {
  expect(quoteAssets(MARKETS)).toEqual(["USD", "BTC"]);
});
