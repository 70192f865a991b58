// The last day of each market as a few points, fetched when a row comes into sight, a few at a time.

import { send } from "../api/client";
import { listCandles } from "../api/generated";
import { Decimal } from "../model/decimal";
import { venue } from "./venue.svelte";

const AT_ONCE = 4;
const HOUR = 3_600;
const HOURS = 24;
const FRESH_FOR = 5 * 60_000;

class Sparklines {
  /** By market: closing prices, oldest first, for positions on a screen. */
  points = $state.raw<ReadonlyMap<string, number[]>>(new Map());
  private fetched = new Map<string, number>();
  private waiting: string[] = [];
  private running = 0;

  want(market: string): void {
    const at = this.fetched.get(market);
    if (at !== undefined && Date.now() - at < FRESH_FOR) return;
    this.fetched.set(market, Date.now());
    this.waiting.push(market);
    this.next();
  }

  private next(): void {
    while (this.running < AT_ONCE) {
      const market = this.waiting.shift();
      if (market === undefined) return;
      this.running += 1;
      void this.fetch(market).finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  private async fetch(market: string): Promise<void> {
    try {
      const start = Math.floor(venue.now() / 1_000_000 / HOUR) * HOUR - HOURS * HOUR;
      const candles = await send(listCandles(market, { interval: HOUR, start, limit: HOURS + 1 }));
      const closes = candles.map((candle) => Decimal.from(candle.close).toApproximateNumber());
      const first = candles[0];
      const points = first === undefined ? [] : [Decimal.from(first.open).toApproximateNumber(), ...closes];
      this.points = new Map(this.points).set(market, points);
    } catch {
      this.fetched.delete(market);
    }
  }
}

export const sparklines = new Sparklines();
