// What an amount of one asset is worth in another, by the last prices of the markets between them.

import type { Market, Ticker } from "../api/generated";
import { Decimal } from "./decimal";

const MOST_STEPS = 3;
/** Decimals that are kept on the way, far beyond those that are shown. */
const SCALE = 24;

export type Prices = ReadonlyMap<string, Pick<Ticker, "last">>;
type Pair = Pick<Market, "name" | "base" | "quote">;

/** What one unit of `from` is worth in `to`; null where no market with a trade leads there. The fewest markets win. */
export function rate(from: string, to: string, markets: readonly Pair[], prices: Prices): Decimal | null {
  let reached = new Map([[from, Decimal.from("1")]]);
  const known = new Set([from]);
  for (let step = 0; step <= MOST_STEPS; step += 1) {
    const found = reached.get(to);
    if (found !== undefined) return found;
    const further = new Map<string, Decimal>();
    for (const market of markets) {
      const last = prices.get(market.name)?.last;
      if (last == null) continue;
      const price = Decimal.from(last);
      const ofBase = reached.get(market.base);
      const ofQuote = reached.get(market.quote);
      if (ofBase !== undefined && !known.has(market.quote)) further.set(market.quote, ofBase.multiply(price).rescale(SCALE));
      if (ofQuote !== undefined && !known.has(market.base) && price.isPositive) further.set(market.base, ofQuote.divide(price, SCALE));
    }
    for (const asset of further.keys()) known.add(asset);
    reached = further;
  }
  return null;
}

/** Assets that prices are in, in the order of the venue's markets: the first market's quote is what people count in. */
export function quoteAssets(markets: readonly Pair[]): string[] {
  return [...new Set(markets.map((market) => market.quote))];
}
