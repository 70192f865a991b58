// A list that the server gives part by part, newest first.

import { untrack } from "svelte";
import type { Call } from "../api/call";
import { send } from "../api/client";
import type { Page } from "../api/generated";

const SETTLING = 1_000;

/** `ask` makes the call for the part at a cursor. Replies that were overtaken by a later question are dropped. */
export class PagedList<T> {
  /** null until the first part is there. */
  rows = $state.raw<T[] | null>(null);
  next = $state.raw<string | null>(null);
  isBusy = $state(false);
  problem = $state.raw<unknown>(null);
  private asked = 0;
  private parts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ask: (cursor: string | null) => Call<Page<T>>) {}

  /** The first part, in the place of all that was known. */
  load = async (): Promise<void> => {
    const page = await this.part(null);
    if (page === null) return;
    this.rows = page.rows;
    this.next = page.next;
    this.parts = 1;
  };

  /** The part behind those that are there. */
  more = async (): Promise<void> => {
    if (this.next === null || this.isBusy) return;
    const page = await this.part(this.next);
    if (page === null) return;
    this.rows = [...(this.rows ?? []), ...page.rows];
    this.next = page.next;
    this.parts += 1;
  };

  /** Something of it may have changed: asks anew in a moment, unless somebody has gone on to older parts, which then stay where they are. */
  changed(): void {
    untrack(() => {
      if (this.parts > 1) return;
      if (this.rows === null && !this.isBusy) void this.load();
      else this.timer ??= setTimeout(() => {
        this.timer = undefined;
        void this.load();
      }, SETTLING);
    });
  }

  /** Forgets what is known, because something else is asked for now. */
  forget(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.asked += 1;
    this.rows = null;
    this.next = null;
    this.problem = null;
    this.isBusy = false;
    this.parts = 0;
  }

  private async part(cursor: string | null): Promise<Page<T> | null> {
    const mine = ++this.asked;
    this.isBusy = true;
    try {
      const page = await send(this.ask(cursor));
      if (mine !== this.asked) return null;
      this.problem = null;
      return page;
    } catch (error) {
      if (mine === this.asked) this.problem = error;
      return null;
    } finally {
      if (mine === this.asked) this.isBusy = false;
    }
  }
}
