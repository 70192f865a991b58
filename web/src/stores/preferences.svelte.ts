// What somebody likes, kept in this browser.

export type Theme = "dark" | "light";

const KEY = "cambist-preferences";

interface Kept {
  theme: Theme;
  market: string;
  interval: number;
}

function read(): Partial<Kept> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Kept>;
  } catch {
    return {};
  }
}

class Preferences {
  theme = $state<Theme>("dark");
  /** The market that was traded last. */
  market = $state("");
  /** Of candles, in seconds. */
  interval = $state(300);

  constructor() {
    const kept = read();
    const light = window.matchMedia("(prefers-color-scheme: light)").matches;
    this.theme = kept.theme ?? (light ? "light" : "dark");
    this.market = typeof kept.market === "string" ? kept.market : "";
    this.interval = typeof kept.interval === "number" ? kept.interval : 300;
    this.show();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.show();
    this.keep();
  }

  setMarket(market: string): void {
    this.market = market;
    this.keep();
  }

  setInterval(seconds: number): void {
    this.interval = seconds;
    this.keep();
  }

  private show(): void {
    document.documentElement.dataset["theme"] = this.theme;
  }

  private keep(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify({ theme: this.theme, market: this.market, interval: this.interval }));
    } catch {
      // A browser that keeps nothing forgets it with the page.
    }
  }
}

export const preferences = new Preferences();
