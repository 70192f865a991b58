// The depth chart: how much is offered up to each price, as steps on a drawing.

import type { Level } from "./book";
import { Decimal } from "./decimal";

export interface Depth {
  /** Paths in a box of 1000 × 1000, for bids and asks; areas down to the ground. */
  bids: string;
  asks: string;
  low: bigint;
  middle: bigint;
  high: bigint;
  most: Decimal;
}

const SIZE = 1000;

/** Prices as far from the middle as the nearer side goes, so that the middle is in the middle. Null without both sides. */
export function depthOf(bids: Level[], asks: Level[]): Depth | null {
  const bid = bids[0];
  const ask = asks[0];
  const lastBid = bids.at(-1);
  const lastAsk = asks.at(-1);
  if (bid === undefined || ask === undefined || lastBid === undefined || lastAsk === undefined) return null;
  const middle = (bid.units + ask.units) / 2n;
  const reach = [middle - lastBid.units, lastAsk.units - middle, middle / 10n].reduce((least, one) => (one < least ? one : least));
  const span = reach > 0n ? reach : 1n;
  const inside = (side: Level[]): Level[] => side.filter((level) => level.units >= middle - span && level.units <= middle + span);
  const shownBids = inside(bids);
  const shownAsks = inside(asks);
  const sumOf = (side: Level[]): Decimal => side.reduce((sum, level) => sum.add(Decimal.from(level.amount)), Decimal.ZERO);
  const sums = [sumOf(shownBids), sumOf(shownAsks)] as const;
  const most = sums[0].lessThan(sums[1]) ? sums[1] : sums[0];
  if (most.isZero) return null;
  const x = (units: bigint): number => (Number(units - middle + span) / Number(2n * span)) * SIZE;
  const y = (amount: Decimal): number => SIZE - amount.divide(most, 6).toApproximateNumber() * SIZE * 0.94;
  return { bids: steps(shownBids, x, y, 0), asks: steps(shownAsks, x, y, SIZE), low: middle - span, middle, high: middle + span, most };
}

function steps(side: Level[], x: (units: bigint) => number, y: (amount: Decimal) => number, edge: number): string {
  const first = side[0];
  if (first === undefined) return "";
  let sum = Decimal.ZERO;
  let path = `M${x(first.units).toFixed(1)} ${SIZE}`;
  for (const level of side) {
    path += `H${x(level.units).toFixed(1)}`;
    sum = sum.add(Decimal.from(level.amount));
    path += `V${y(sum).toFixed(1)}`;
  }
  return `${path}H${edge}V${SIZE}Z`;
}
