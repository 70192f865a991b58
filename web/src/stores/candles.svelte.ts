// A market's candles of one interval, oldest first; older ones are fetched when somebody looks for them.

import { send } from "../api/client";
import { listCandles, type Candle, type ServerMessage } from "../api/generated";
import { connection } from "./connection.svelte";
import { Paced } from "./paced";

const AT_ONCE = 500;
/** Milliseconds: a chart is drawn anew as a whole. */
const DRAWN_EVERY = 300;

export class CandlesStore {
  rows = $state.raw<Candle[]>([]);
  state = $state<"loading" | "loaded" | "failed">("loading");
  private unfollow: () => void;
  private isAtTheBeginning = false;
  private isFetching = false;
  /** Candles that came since the last drawing, by their start: each as it is now. */
  private pending = new Map<number, Candle>();
  private readonly paced = new Paced(() => this.show(), DRAWN_EVERY);

  constructor(
    private readonly market: string,
    private readonly interval: number,
  ) {
    this.unfollow = connection.follow(`candles:${market}:${interval}`, {
      message: (message) => this.message(message),
      interrupted: () => undefined,
      begun: () => void this.load(),
    });
  }

  close(): void {
    this.unfollow();
    this.paced.stop();
  }

  async load(): Promise<void> {
    try {
      this.take(await send(listCandles(this.market, { interval: this.interval, limit: AT_ONCE })));
      this.state = "loaded";
    } catch {
      if (this.state === "loading") this.state = "failed";
    }
    if (this.pending.size > 0) this.show();
  }

  /** Fetches what is before the oldest one that is known. */
  async loadOlder(): Promise<void> {
    const first = this.rows[0];
    if (first === undefined || this.isAtTheBeginning || this.isFetching) return;
    this.isFetching = true;
    try {
      const older = await send(listCandles(this.market, { interval: this.interval, end: first.start, limit: AT_ONCE }));
      this.isAtTheBeginning = older.length === 0;
      if (older.length > 0) this.take(older);
    } catch {
      // Asked for again at the next move to the left.
    } finally {
      this.isFetching = false;
    }
  }

  private message(message: ServerMessage): void {
    if (message.type !== "candles") return;
    for (const candle of message.candles) this.pending.set(candle.start, candle);
    this.paced.ask();
  }

  /** What came before the past is known waits for it: a chart that begins with one candle jumps. */
  private show(): void {
    if (this.state !== "loaded") return;
    const came = [...this.pending.values()];
    this.pending.clear();
    this.take(came);
  }

  private take(candles: Candle[]): void {
    const last = this.rows.at(-1);
    const only = candles[0];
    if (last !== undefined && only !== undefined && candles.length === 1 && only.start >= last.start) {
      this.rows = only.start === last.start ? [...this.rows.slice(0, -1), only] : [...this.rows, only];
      return;
    }
    const known = new Map([...this.rows, ...candles].map((candle) => [candle.start, candle]));
    this.rows = [...known.values()].sort((a, b) => a.start - b.start);
  }
}
