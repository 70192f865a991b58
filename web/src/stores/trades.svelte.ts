// A market's newest trades, newest first.

import { send } from "../api/client";
import { listTrades, type ServerMessage, type Trade } from "../api/generated";
import { connection } from "./connection.svelte";
import { Paced } from "./paced";

const KEPT = 80;

export class TradesStore {
  rows = $state.raw<Trade[]>([]);
  isLoaded = $state(false);
  private unfollow: () => void;
  private pending: Trade[] = [];
  private readonly paced = new Paced(() => this.take(this.pending.splice(0)));

  constructor(private readonly market: string) {
    this.unfollow = connection.follow(`trades:${market}`, {
      message: (message) => this.message(message),
      interrupted: () => undefined,
      begun: () => void this.load(),
    });
  }

  close(): void {
    this.unfollow();
    this.paced.stop();
  }

  private async load(): Promise<void> {
    try {
      this.take(await send(listTrades(this.market, { limit: KEPT })));
      this.isLoaded = true;
    } catch {
      // The stream has the next ones; this market's past comes with the next beginning.
    }
  }

  private message(message: ServerMessage): void {
    if (message.type !== "trades") return;
    this.pending.push(...message.trades);
    // Of a tab that nobody looks at, frames do not come.
    if (this.pending.length > 10 * KEPT) this.pending.splice(0, this.pending.length - KEPT);
    this.paced.ask();
  }

  private take(trades: Trade[]): void {
    const known = new Map([...this.rows, ...trades].map((trade) => [trade.id, trade]));
    this.rows = [...known.values()].sort((a, b) => b.time - a.time || Number(BigInt(b.id) - BigInt(a.id))).slice(0, KEPT);
  }
}
