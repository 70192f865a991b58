// Markets and assets, and every market's ticker.

import { send } from "../api/client";
import { listAssets, listMarkets, listTickers, type Asset, type Market, type Ticker } from "../api/generated";
import { Paced } from "./paced";

const TICKERS_EVERY = 2_000;
/** An operator may halt a market, or change its limits and fees, at any time. */
const TERMS_EVERY = 10_000;

class Markets {
  all = $state<Market[]>([]);
  assets = $state<Asset[]>([]);
  tickers = $state.raw<ReadonlyMap<string, Ticker>>(new Map());
  isLoaded = $state(false);
  /** Whether every market's ticker is known, and not only that of one that was followed. */
  areTickersLoaded = $state(false);
  /** Why they could not be had the last time they were asked for. */
  tickersProblem = $state<unknown>(null);
  problem = $state<unknown>(null);
  private pending = new Map<string, Ticker>();
  private readonly paced = new Paced(() => this.show());

  async load(): Promise<void> {
    this.problem = null;
    try {
      const [markets, assets] = await Promise.all([send(listMarkets()), send(listAssets())]);
      this.all = markets;
      this.assets = assets;
      this.isLoaded = true;
    } catch (error) {
      this.problem = error;
    }
  }

  /** Looks at all markets again; they stay as they are known when they cannot be had. */
  async refresh(): Promise<void> {
    const found = await send(listMarkets()).catch(() => null);
    if (found !== null && JSON.stringify(found) !== JSON.stringify(this.all)) this.all = found;
  }

  /** Keeps what is known of the markets fresh until the returned function is called. */
  keepTerms(): () => void {
    const timer = setInterval(() => document.visibilityState === "visible" && void this.refresh(), TERMS_EVERY);
    return () => clearInterval(timer);
  }

  find(name: string): Market | undefined {
    return this.all.find((market) => market.name === name);
  }

  asset(code: string): Asset | undefined {
    return this.assets.find((asset) => asset.code === code);
  }

  /** Decimals with which people see an asset. */
  displayDecimals(code: string): number {
    return this.asset(code)?.display_decimals ?? 8;
  }

  take(ticker: Ticker): void {
    this.pending.set(ticker.market, ticker);
    this.paced.ask();
  }

  private show(): void {
    this.tickers = new Map([...this.tickers, ...this.pending]);
    this.pending.clear();
  }

  async loadTickers(): Promise<void> {
    const found = await send(listTickers());
    this.pending.clear();
    this.tickers = new Map(found.map((ticker) => [ticker.market, ticker]));
    this.areTickersLoaded = true;
  }

  /** Keeps all tickers fresh until the returned function is called. */
  keepTickers(): () => void {
    let ended = false;
    const again = async (): Promise<void> => {
      if (document.visibilityState === "visible") {
        this.tickersProblem = await this.loadTickers().then(
          () => null,
          (error: unknown) => error,
        );
      }
      if (!ended) setTimeout(() => void again(), TICKERS_EVERY);
    };
    void again();
    return () => {
      ended = true;
    };
  }
}

export const markets = new Markets();
