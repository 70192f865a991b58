// In which order markets stand.

import type { Market, Ticker } from "../../api/generated";
import { Decimal } from "../../model/decimal";
import { quoteAssets, rate } from "../../model/valuation";

export type SortKey = "name" | "last" | "change" | "high" | "low" | "total";

/** What one unit of each quote asset is worth in that of the first market, so that volumes can be compared; absent where no market says. */
function worths(markets: readonly Market[], tickers: ReadonlyMap<string, Ticker>): Map<string, Decimal> {
  const [unit, ...others] = quoteAssets(markets);
  const found = new Map(unit === undefined ? [] : [[unit, Decimal.from("1")]]);
  for (const asset of others) {
    const worth = rate(asset, unit as string, markets, tickers);
    if (worth !== null) found.set(asset, worth);
  }
  return found;
}

function valueOf(ticker: Ticker | undefined, key: Exclude<SortKey, "name">, worth: Decimal | undefined): Decimal | null {
  if (ticker === undefined || ticker.last === null) return null;
  if (key === "total") return worth === undefined ? null : Decimal.from(ticker.total).multiply(worth);
  if (key === "change") return Decimal.of(BigInt(ticker.change_ppm), 0);
  const text = ticker[key];
  return text === null ? null : Decimal.from(text);
}

/** Those of `all` that are shown, sorted. Markets that have not traded stand last, whichever way the others do. */
export function sorted(markets: readonly Market[], tickers: ReadonlyMap<string, Ticker>, key: SortKey, ascending: boolean, all = markets): Market[] {
  const sign = ascending ? 1 : -1;
  if (key === "name") return [...markets].sort((a, b) => sign * a.name.localeCompare(b.name));
  const worth = key === "total" ? worths(all, tickers) : new Map<string, Decimal>();
  const rows = markets.map((market, place) => ({ market, place, value: valueOf(tickers.get(market.name), key, worth.get(market.quote)) }));
  rows.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null) || a.place - b.place;
    return sign * a.value.compare(b.value) || a.place - b.place;
  });
  return rows.map((row) => row.market);
}
