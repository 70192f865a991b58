// The sandbox that the page is of: its clock, which may stand still, and its faults.

import { untrack } from "svelte";
import { ControlApi, type ClockState, type Faults, type FaultPlan } from "../api/control";
import { advanceFor, paceOf, timeAfter } from "../model/sandbox-clock";
import { Resource } from "./resource.svelte";
import { venue } from "./venue.svelte";

const LOOK_EVERY = 2_000;
const PLAY_EVERY = 250;
export const SPEEDS = ["1", "10", "60", "600"] as const;
export type Speed = (typeof SPEEDS)[number];

class SandboxStore {
  readonly api = $derived(venue.sandbox === null ? null : new ControlApi(venue.sandbox.control));
  readonly clock = new Resource<ClockState>(() => this.known.clock());
  readonly faults = new Resource<Faults>(() => this.known.faults());
  /** Whether a manual clock is moved on and on by this page. */
  isPlaying = $state(false);
  isMoving = $state(false);
  speed = $state<Speed>("1");
  /** The asset that the open faucet starts with; null while it is closed. */
  faucet = $state<string | null>(null);
  /** Why the clock could not be moved. */
  problem = $state.raw<unknown>(null);
  /** µs that it shows now; null before it was looked at. */
  now = $state<number | null>(null);
  private seen = 0;

  get isManual(): boolean {
    return venue.sandbox?.clock === "manual";
  }

  private get known(): ControlApi {
    if (this.api === null) throw new Error("This is no sandbox, or not one of this machine.");
    return this.api;
  }

  /** Looks at clock and faults until the returned function is called. A clock that runs by itself is only looked at now and then. */
  begin(): () => void {
    const tick = setInterval(() => this.show(), 1_000);
    const ends = [this.keepClock(), this.faults.keep(LOOK_EVERY * 2)];
    return () => {
      clearInterval(tick);
      for (const end of ends) end();
      this.isPlaying = false;
    };
  }

  async step(): Promise<void> {
    await this.move({ step: 1 });
  }

  async advance(seconds: number): Promise<void> {
    await this.move({ advance: seconds });
  }

  pause(): void {
    this.isPlaying = false;
  }

  /** Moves a manual clock as far as time passes, times the speed. */
  async play(): Promise<void> {
    if (this.isPlaying) return;
    this.isPlaying = true;
    let last = performance.now() - PLAY_EVERY;
    while (this.isPlaying) {
      const begun = performance.now();
      if (!(await this.move({ advance: advanceFor(Number(this.speed), begun - last) }))) break;
      last = begun;
      await new Promise((resolve) => setTimeout(resolve, PLAY_EVERY));
    }
    this.isPlaying = false;
  }

  /** Without an asset: the venue's first. */
  openFaucet(asset = ""): void {
    this.faucet = asset;
  }

  closeFaucet(): void {
    this.faucet = null;
  }

  async fund(account: string, give: string): Promise<void> {
    await this.known.fund(account, give);
  }

  /** Coins over the simulated network to somebody's address; they are credited after as many blocks as that asks for. */
  async deposit(account: string, asset: string, amount: string): Promise<void> {
    await this.known.deposit(account, asset, amount);
  }

  async arm(plan: FaultPlan): Promise<void> {
    await this.known.armFault(plan);
    await this.faults.load();
  }

  async disarm(id: string): Promise<void> {
    await this.known.disarmFault(id);
    await this.faults.load();
  }

  async disarmAll(): Promise<void> {
    this.faults.take(await this.known.disarmFaults());
  }

  private keepClock(): () => void {
    let ended = false;
    let timer: ReturnType<typeof setTimeout>;
    const look = async (): Promise<void> => {
      if (document.visibilityState === "visible" && !this.isMoving) {
        await this.clock.load();
        if (this.clock.problem === null) this.took();
      }
      if (!ended) timer = setTimeout(() => void look(), this.isManual || this.clock.problem !== null ? LOOK_EVERY : LOOK_EVERY * 15);
    };
    untrack(() => void look());
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }

  /** Whether it moved. */
  private async move(movement: { step: number } | { advance: number }): Promise<boolean> {
    this.isMoving = true;
    try {
      this.clock.take(await this.known.moveClock(movement));
      this.took();
      this.problem = null;
      return true;
    } catch (error) {
      this.problem = error;
      return false;
    } finally {
      this.isMoving = false;
    }
  }

  private took(): void {
    this.seen = performance.now();
    if (this.clock.value !== null) venue.sayTime(this.clock.value.micros, paceOf(this.clock.value.mode));
    this.show();
  }

  private show(): void {
    const state = this.clock.value;
    this.now = state === null ? null : timeAfter(state.micros, paceOf(state.mode), performance.now() - this.seen);
  }
}

export const sandbox = new SandboxStore();
