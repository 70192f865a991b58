// The sandbox's control API, which answers this page where browser and sandbox are on one machine (docs/reference/control-api.md).

/** `mode`: `real`, `x60` or another pace, or `manual`. Times in µs. `next_due`: of a manual clock, when something is due next. */
export interface ClockState {
  mode: string;
  time: string;
  micros: number;
  next_due?: number | null;
}

export type Movement = { advance: number } | { step: number };

/** What is left out restricts nothing. */
export interface FaultPlan {
  kind: string;
  dialect?: string | null;
  user?: string | null;
  market?: string | null;
  path?: string | null;
  count?: number | null;
  seconds?: number | null;
  [field: string]: string | number | boolean | null | undefined;
}

export interface ShownFault {
  id: string;
  state: string;
  plan: FaultPlan;
  armed_at: number;
  ends_at: number | null;
  met: number;
  fired: number;
}

export interface Firing {
  number: number;
  time: number;
  fault: string;
  dialect: string;
  transport: string;
  request: string;
}

export interface Faults {
  armed: ShownFault[];
  over: ShownFault[];
  fired: Firing[];
}

/** Why it was not done, as a sentence. */
export class ControlProblem extends Error {}

const PATIENCE = 60_000;

/** The operations below `base`, the path that the venue names. */
export class ControlApi {
  constructor(readonly base: string) {}

  clock = (): Promise<ClockState> => this.ask("GET", "/clock");
  moveClock = (movement: Movement): Promise<ClockState> => this.ask("POST", "/clock", movement);
  fund = (account: string, give: string): Promise<unknown> => this.ask("POST", "/funds", { account, give });
  deposit = (account: string, asset: string, amount: string): Promise<unknown> => this.ask("POST", "/deposits", { account, asset, amount });
  faults = (): Promise<Faults> => this.ask("GET", "/faults");
  armFault = (plan: FaultPlan): Promise<ShownFault> => this.ask("POST", "/faults", plan);
  disarmFault = (id: string): Promise<ShownFault> => this.ask("DELETE", `/faults/${encodeURIComponent(id)}`);
  disarmFaults = (): Promise<Faults> => this.ask("DELETE", "/faults");

  /** Where a browser finds something to read. */
  link(path: string): string {
    return this.base + path;
  }

  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    let response: Response;
    try {
      response = await fetch(this.base + path, {
        method,
        // Whatever changes something must say that it is JSON, with a body or without one.
        headers: method === "GET" ? {} : { "content-type": "application/json" },
        credentials: "omit",
        signal: AbortSignal.timeout(PATIENCE),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new ControlProblem("The sandbox cannot be reached.");
    }
    const text = await response.text().catch(() => "");
    if (response.ok) return JSON.parse(text) as T;
    throw new ControlProblem(sentence(text) ?? `The sandbox answered with status ${response.status}.`);
  }
}

function sentence(text: string): string | null {
  try {
    const said = (JSON.parse(text) as { error?: unknown }).error;
    return typeof said === "string" ? `${said.charAt(0).toUpperCase()}${said.slice(1)}${said.endsWith(".") ? "" : "."}` : null;
  } catch {
    return null;
  }
}
