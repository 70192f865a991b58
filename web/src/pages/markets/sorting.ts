// In which order markets stand.

import type { Market, Ticker } from "../../api/generated";
import { Decimal } from "../../model/decimal";

export type SortKey = "name" | "last" | "change" | "high" | "low" | "total";

function valueOf(ticker: Ticker | undefined, key: Exclude<SortKey, "name">): Decimal | null {
  if (ticker === undefined || ticker.last === null) return null;
  if (key === "change") return Decimal.of(BigInt(ticker.change_ppm), 0);
  const text = ticker[key];
  return text === null ? null : Decimal.from(text);
}

/** Markets that have not traded stand last, whichever way the others do. */
export function sorted(markets: readonly Market[], tickers: ReadonlyMap<string, Ticker>, key: SortKey, ascending: boolean): Market[] {
  const sign = ascending ? 1 : -1;
  if (key === "name") return [...markets].sort((a, b) => sign * a.name.localeCompare(b.name));
  const rows = markets.map((market, place) => ({ market, place, value: valueOf(tickers.get(market.name), key) }));
  rows.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null) || a.place - b.place;
    return sign * a.value.compare(b.value) || a.place - b.place;
  });
  return rows.map((row) => row.market);
}
