import { expect, it } from "vitest";
import type { Market, Ticker } from "../../api/generated";
import { sorted, type SortKey } from "./sorting";

const market = (name: string): Market => {
  const [base, quote] = name.toUpperCase().split("_");
  return { name, base, quote } as Market;
};
const ticker = (last: string | null, change_ppm = 0, total = "0"): Ticker => ({ last, change_ppm, total }) as Ticker;
const MARKETS = ["btc_usd", "ltc_usd", "nmc_usd"].map(market);
const TICKERS = new Map([
  ["btc_usd", ticker("2500.5", -10, "1000")],
  ["ltc_usd", ticker("40", 20, "90000")],
  ["nmc_usd", ticker(null)],
]);

it.each<[SortKey, boolean, string[]]>([
  ["name", false, ["nmc_usd", "ltc_usd", "btc_usd"]],
  ["last", false, ["btc_usd", "ltc_usd", "nmc_usd"]],
  ["last", true, ["ltc_usd", "btc_usd", "nmc_usd"]],
  ["change", true, ["btc_usd", "ltc_usd", "nmc_usd"]],
  ["total", false, ["ltc_usd", "btc_usd", "nmc_usd"]],
])("by %s, ascending %s", (key, ascending, expected) => {
  expect(sorted(MARKETS, TICKERS, key, ascending).map((one) => one.name)).toEqual(expected);
});

it("compares volumes by what they are worth, whatever is shown of the markets", () => {
  const all = ["btc_usd", "btc_rur", "usd_rur", "btc_xyz"].map(market);
  const tickers = new Map([
    ["btc_usd", ticker("2500", 0, "100000")],
    ["btc_rur", ticker("150000", 0, "3000000")],
    ["usd_rur", ticker("60", 0, "12000000")],
    ["btc_xyz", ticker(null)],
  ]);
  const names = (shown: Market[]): string[] => sorted(shown, tickers, "total", false, all).map((one) => one.name);
  expect(names(all)).toEqual(["usd_rur", "btc_usd", "btc_rur", "btc_xyz"]);
  expect(names(all.slice(1))).toEqual(["usd_rur", "btc_rur", "btc_xyz"]);
});
