// What kind of venue this is.

import { paceOf, timeAfter } from "../model/sandbox-clock";
import { send } from "../api/client";
import { serverTime, showVenue, type Sandbox, type Venue } from "../api/generated";

class VenueStore {
  found = $state<Venue | null>(null);
  private time = { micros: 0, pace: 1, at: 0 };

  get isSandbox(): boolean {
    return this.found?.kind === "sandbox";
  }

  /** What drives it, which is told to browsers on its own machine. */
  get sandbox(): Sandbox | null {
    return this.found?.sandbox ?? null;
  }

  async load(): Promise<void> {
    const time = send(serverTime());
    time.catch(() => undefined); // it is awaited below
    // That it is play money is said as soon as it is known.
    const found = (this.found = await send(showVenue()));
    this.sayTime((await time).venue_time, paceOf(found.sandbox?.clock ?? "real"));
  }

  /** What time it is at the venue now, and how many times as fast as here it passes. */
  sayTime(micros: number, pace: number): void {
    this.time = { micros, pace, at: performance.now() };
  }

  /** µs since 1970 at the venue: this machine's clock may be wrong, and a sandbox's is its own. */
  now(): number {
    return timeAfter(this.time.micros, this.time.pace, performance.now() - this.time.at);
  }
}

export const venue = new VenueStore();
