import type { Began, ControlMethods, ClockState, Until } from './operations.js';

export * from './operations.js';

/** A call that was not carried out. */
export class ControlError extends Error {
  /** What the sandbox replied; null when it did not answer at all. */
  readonly status: number | null;
}

/** Everything that can be asked of the sandbox at `url`. */
export interface Control extends ControlMethods {}
export class Control {
  constructor(url: string);
  readonly url: string;
  /** Calls an operation by its name, as the command line has it. */
  call(name: string, fields?: object): Promise<unknown>;
}

/** The sandbox's clock, in the words of a test. */
export class Clock {
  constructor(control: Control);
  /** Now; its milliseconds are rounded down. */
  now(): Promise<Date>;
  /** On by so many seconds, through all that is due on the way. */
  advance(seconds: number): Promise<ClockState>;
  /** To the next later moment at which something is due, so many times. */
  step(times?: number): Promise<ClockState>;
  /** To a time, or until something has happened; whether the condition holds. */
  runUntil(until: Until): Promise<boolean>;
}

/** Somebody with money and keys. */
export interface User {
  name: string;
  password: string;
  account: number;
  /** What a client of each API needs, by the names that people know it by. */
  keys: Record<string, Record<string, string>>;
}

/** How a sandbox is started: options of `cambist sandbox` of that name. */
export interface SandboxOptions {
  /** How to call cambist; by default `['cambist']`. */
  command?: string[];
  /** Further options. */
  options?: string[];
  /** Milliseconds until it must be ready. */
  patience?: number;
  seed?: number;
  preset?: string;
  clock?: string;
  users?: string;
  fund?: string;
  config?: string;
}

/** A sandbox in a process of its own, which ends with this one. */
export class Sandbox {
  private constructor();
  /** Starts one and returns once it answers. */
  static start(options?: SandboxOptions): Promise<Sandbox>;
  readonly url: string;
  readonly seed: number;
  readonly users: Record<string, User>;
  readonly control: Control;
  readonly clock: Clock;
  /** What the process said on its standard output and error. */
  output(): Promise<string>;
  /** What a client of that API needs, such as `key` and `secret`. */
  credentials(user: string, dialect: string): Record<string, string>;
  /** Options for ccxt's `btse`. The sandbox's clock must be the machine's. */
  ccxt(user: string): { apiKey: string; secret: string; enableRateLimit: boolean; urls: { api: { public: string; private: string } } };
  /** Puts the sandbox back to its start, or to what its start would have been with another seed. */
  reset(seed?: number | null): Promise<Began>;
  /** Ends the process and removes its files. */
  stop(): Promise<void>;
}
