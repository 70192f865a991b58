// What kind of venue this is.

import { send } from "../api/client";
import { showVenue, type Sandbox, type Venue } from "../api/generated";

class VenueStore {
  found = $state<Venue | null>(null);

  get isSandbox(): boolean {
    return this.found?.kind === "sandbox";
  }

  /** What drives it, which is told to browsers on its own machine. */
  get sandbox(): Sandbox | null {
    return this.found?.sandbox ?? null;
  }

  async load(): Promise<void> {
    this.found = await send(showVenue());
  }
}

export const venue = new VenueStore();
