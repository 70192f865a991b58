// A followed order book, by the numbered rules of the stream (docs/reference/native-api.md): a snapshot, then deltas without gaps, each
// with a checksum. Whatever does not fit makes it stale, and whoever follows it has it begin anew.

import type { BookDelta, BookSnapshot } from "../api/generated";
import { crc32 } from "./crc32";
import { Decimal } from "./decimal";

export type Side = "buy" | "sell";

/** Price and amount as the server wrote them, and the price in units of 10^-price_decimals, by which levels are kept in order. */
export interface Level {
  price: string;
  amount: string;
  units: bigint;
}

const CHECKSUM_LEVELS = 25;

export type BookFault = "gap" | "checksum";

/** One side, best first. */
class BookSide {
  levels: Level[] = [];

  constructor(
    private readonly descending: boolean,
    private readonly priceDecimals: number,
  ) {}

  load(levels: [string, string][]): void {
    this.levels = levelsOf(levels, this.priceDecimals);
  }

  /** Rule 3: the level replaces the one of that price; an amount of 0 removes it. */
  set(price: string, amount: string): void {
    const units = unitsOf(price, this.priceDecimals);
    const place = this.placeOf(units);
    const there = this.levels[place]?.units === units;
    if (isNothing(amount)) {
      if (there) this.levels.splice(place, 1);
    } else if (there) {
      this.levels[place] = { price, amount, units };
    } else {
      this.levels.splice(place, 0, { price, amount, units });
    }
  }

  private placeOf(units: bigint): number {
    let low = 0;
    let high = this.levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const here = (this.levels[middle] as Level).units;
      if (this.descending ? here > units : here < units) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function unitsOf(price: string, decimals: number): bigint {
  const point = price.indexOf(".");
  if (point < 0) return BigInt(price + "0".repeat(decimals));
  return BigInt(price.slice(0, point) + price.slice(point + 1).padEnd(decimals, "0"));
}

function isNothing(amount: string): boolean {
  return /^[0.]*$/.test(amount);
}

export function checksum(bids: Level[], asks: Level[]): number {
  const text = (side: Level[]): string => side.slice(0, CHECKSUM_LEVELS).map((level) => `${level.price}:${level.amount}`).join(",");
  return crc32(`${text(bids)};${text(asks)}`);
}

export class FollowedBook {
  private readonly bidSide: BookSide;
  private readonly askSide: BookSide;
  /** Of the last message; -1 before the first snapshot and after a fault. */
  sequence = -1;

  constructor(priceDecimals: number) {
    this.bidSide = new BookSide(true, priceDecimals);
    this.askSide = new BookSide(false, priceDecimals);
  }

  get bids(): Level[] {
    return this.bidSide.levels;
  }

  get asks(): Level[] {
    return this.askSide.levels;
  }

  get isLive(): boolean {
    return this.sequence >= 0;
  }

  /** Nothing that it shows counts any more until the next snapshot. */
  interrupt(): void {
    this.sequence = -1;
  }

  /** What does not fit, or null. After a fault only a snapshot is taken. */
  apply(message: BookSnapshot | BookDelta): BookFault | null {
    if (message.type === "book-snapshot") {
      this.bidSide.load(message.bids);
      this.askSide.load(message.asks);
    } else {
      if (!this.isLive) return null;
      if (message.previous !== this.sequence) {
        this.sequence = -1;
        return "gap";
      }
      for (const [price, amount] of message.bids) this.bidSide.set(price, amount);
      for (const [price, amount] of message.asks) this.askSide.set(price, amount);
    }
    if (checksum(this.bids, this.asks) !== message.checksum) {
      this.sequence = -1;
      return "checksum";
    }
    this.sequence = message.sequence;
    return null;
  }
}

/** A row as it is shown: prices merged into groups, amounts added up from the best price outwards. */
export interface Row {
  price: string;
  amount: Decimal;
  cumulative: Decimal;
  units: bigint;
}

/** The best `count` rows of a side; `step`: the group's width in ticks. Bids are merged downwards, asks upwards. */
export function grouped(levels: Level[], side: Side, step: bigint, count: number, priceDecimals: number): Row[] {
  const rows: Row[] = [];
  let cumulative = Decimal.ZERO;
  for (const level of levels) {
    const units = side === "buy" ? (level.units / step) * step : ((level.units + step - 1n) / step) * step;
    const amount = Decimal.from(level.amount);
    const last = rows.at(-1);
    if (last !== undefined && last.units === units) {
      last.amount = last.amount.add(amount);
      cumulative = cumulative.add(amount);
      last.cumulative = cumulative;
      continue;
    }
    if (rows.length === count) break;
    cumulative = cumulative.add(amount);
    const price = Decimal.of(units, priceDecimals).toString();
    rows.push({ price, amount, cumulative, units });
  }
  return rows;
}

/**
 * The best `depth` levels as they are followed, with those of a deeper look at the book behind them. Fewer than that are the whole side: the
 * deeper look has nothing to add but what is gone since. A copy: a followed side changes in place.
 */
export function extended(near: Level[], deep: Level[], side: Side, depth: number): Level[] {
  const last = near.at(-1);
  if (last === undefined || near.length < depth) return [...near];
  return [...near, ...deep.filter((level) => (side === "buy" ? level.units < last.units : level.units > last.units))];
}

/** Levels as GET /markets/{market}/book has them. */
export function levelsOf(levels: [string, string][], priceDecimals: number): Level[] {
  return levels.map(([price, amount]) => ({ price, amount, units: unitsOf(price, priceDecimals) }));
}

/** What an order of that amount would trade against these levels: the amount that finds a counterpart, and its total. */
export function sweep(levels: Level[], amount: Decimal, limit: Decimal | null, side: Side): { amount: Decimal; total: Decimal; last: Decimal | null } {
  let left = amount;
  let total = Decimal.ZERO;
  let last: Decimal | null = null;
  for (const level of levels) {
    const price = Decimal.from(level.price);
    const beyond = limit !== null && (side === "buy" ? limit.lessThan(price) : price.lessThan(limit));
    if (!left.isPositive || beyond) break;
    const here = Decimal.from(level.amount);
    const taken = here.lessThan(left) ? here : left;
    total = total.add(price.multiply(taken));
    left = left.subtract(taken);
    last = price;
  }
  return { amount: amount.subtract(left), total, last };
}
