// A market's book: followed level by level, with a deeper look behind it for coarse groups and the depth chart.

import { send } from "../api/client";
import { showBook, type Market } from "../api/generated";
import { extended, FollowedBook, levelsOf, type Level } from "../model/book";
import { connection } from "./connection.svelte";
import { Paced } from "./paced";

const DEPTH = 100;
const DEEP = 1_000;
const DEEP_EVERY = 3_000;

export type BookState = "loading" | "live" | "stale";

export class BookStore {
  bids = $state.raw<Level[]>([]);
  asks = $state.raw<Level[]>([]);
  state = $state<BookState>("loading");
  sequence = $state(-1);
  /** How often something was lost and the book began anew. */
  faults = $state(0);
  private readonly followed: FollowedBook;
  private readonly topic: string;
  private deepBids: Level[] = [];
  private deepAsks: Level[] = [];
  private readonly paced = new Paced(() => this.show());
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unfollow: () => void;

  constructor(readonly market: Market) {
    this.followed = new FollowedBook(market.price_decimals);
    this.topic = `book:${market.name}:${DEPTH}`;
    this.unfollow = connection.follow(this.topic, {
      message: (message) => {
        if (message.type !== "book-snapshot" && message.type !== "book-delta") return;
        if (this.followed.apply(message) !== null) {
          this.faults += 1;
          connection.stream.again(this.topic);
        }
        this.changed();
      },
      interrupted: () => {
        this.followed.interrupt();
        this.changed();
      },
    });
    void this.look();
  }

  close(): void {
    this.unfollow();
    this.paced.stop();
    clearTimeout(this.timer);
  }

  private changed(): void {
    this.paced.ask();
  }

  private show(): void {
    if (!this.followed.isLive) {
      if (this.state === "live") this.state = "stale";
      return;
    }
    this.bids = extended(this.followed.bids, this.deepBids, "buy", DEPTH);
    this.asks = extended(this.followed.asks, this.deepAsks, "sell", DEPTH);
    this.sequence = this.followed.sequence;
    this.state = "live";
  }

  private async look(): Promise<void> {
    try {
      if (document.visibilityState === "visible") {
        const book = await send(showBook(this.market.name, { depth: DEEP }));
        this.deepBids = levelsOf(book.bids, this.market.price_decimals);
        this.deepAsks = levelsOf(book.asks, this.market.price_decimals);
        this.changed();
      }
    } catch {
      // The levels that are followed are shown all the same.
    }
    this.timer = setTimeout(() => void this.look(), DEEP_EVERY);
  }
}
