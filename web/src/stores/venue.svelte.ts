// What kind of venue this is.

import { send } from "../api/client";
import { showVenue, type Venue } from "../api/generated";

class VenueStore {
  found = $state<Venue | null>(null);

  get isSandbox(): boolean {
    return this.found?.kind === "sandbox";
  }

  async load(): Promise<void> {
    this.found = await send(showVenue());
  }
}

export const venue = new VenueStore();
