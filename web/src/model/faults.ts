// The faults that a sandbox can be told to have, as a form offers them.

import type { FaultPlan } from "../api/control";
import { Decimal } from "./decimal";

export interface FaultField {
  name: string;
  label: string;
  /** What stands in it before anybody types; empty may stay empty. */
  start: string;
  kind: "seconds" | "count" | "percent" | "signed";
}

export interface FaultKind {
  kind: string;
  words: string;
  fields: readonly FaultField[];
  /** It meets a market, and must be told which. */
  needsMarket?: boolean;
  /** It meets orders, and can be told of which market. */
  ofOrders?: boolean;
}

const seconds = (name: string, label: string, start: string): FaultField => ({ name, label, start, kind: "seconds" });
const count = (name: string, label: string, start: string): FaultField => ({ name, label, start, kind: "count" });

export const FAULT_KINDS: readonly FaultKind[] = [
  { kind: "lose-reply", words: "The reply is lost; it was done", fields: [] },
  { kind: "lose-request", words: "The request is lost; nothing was done", fields: [] },
  { kind: "delay", words: "The reply is late", fields: [seconds("before", "Seconds before it is done", "0"), seconds("after", "Seconds after it was done", "3")] },
  { kind: "reset", words: "The connection breaks in the middle of the reply", fields: [] },
  { kind: "refuse", words: "It cannot be done now", fields: [] },
  { kind: "rate-limit", words: "Too many requests", fields: [seconds("wait", "Seconds to wait, as it is told", "5")] },
  { kind: "ban", words: "Banned", fields: [seconds("wait", "Seconds to wait, as it is told", "60")] },
  { kind: "maintenance", words: "Under maintenance", fields: [] },
  { kind: "nonce-rejected", words: "The nonce is wrong", fields: [] },
  { kind: "server-error", words: "A server's error page", fields: [count("status", "Status: 500, 502, 503 or 504", "503")] },
  { kind: "truncate", words: "JSON that is cut off", fields: [] },
  { kind: "content-type", words: "The reply under another type", fields: [] },
  { kind: "clock-skew", words: "The API's clock is wrong", fields: [{ name: "skew", label: "Seconds ahead, negative for behind", start: "30", kind: "signed" }] },
  { kind: "stale", words: "Old data", fields: [seconds("age", "Seconds old", "10")] },
  { kind: "socket-close", words: "The socket closes", fields: [] },
  { kind: "socket-silence", words: "The socket is open and silent", fields: [] },
  { kind: "socket-freeze", words: "The socket does nothing at all, pings included", fields: [] },
  { kind: "socket-skip", words: "Messages are lost", fields: [count("messages", "How many in a row", "1")] },
  { kind: "socket-duplicate", words: "A message comes twice", fields: [] },
  { kind: "socket-reorder", words: "A message comes behind the next one", fields: [] },
  { kind: "socket-late-snapshot", words: "The snapshot comes after changes", fields: [count("messages", "Messages that go first", "3")] },
  { kind: "fill", words: "An order is filled in two parts", fields: [{ name: "percent", label: "Per cent at first", start: "50", kind: "percent" }, seconds("wait", "Seconds until the rest", "1")], ofOrders: true },
  { kind: "cancel-loses", words: "An order is filled just before it is cancelled", fields: [], ofOrders: true },
  { kind: "partial-cancel", words: "A part of an order is filled before it is cancelled", fields: [{ name: "percent", label: "Per cent that is filled", start: "50", kind: "percent" }], ofOrders: true },
  { kind: "halt", words: "A market takes no orders", fields: [], needsMarket: true, ofOrders: true },
];

export interface FaultForm {
  kind: string;
  dialect: string;
  user: string;
  market: string;
  /** How often; empty for the kind's own default. */
  count: string;
  /** How long; empty until it is spent or disarmed. */
  seconds: string;
  /** The kind's own fields, by name. */
  values: Record<string, string>;
}

export function kindOf(name: string): FaultKind | undefined {
  return FAULT_KINDS.find((each) => each.kind === name);
}

/** The plan, or what is wrong with which field. The sandbox judges it again. */
export function planOf(form: FaultForm): { plan: FaultPlan | null; wrong: Record<string, string> } {
  const wrong: Record<string, string> = {};
  const kind = kindOf(form.kind);
  if (kind === undefined) return { plan: null, wrong: { kind: "There is no such fault." } };
  const plan: FaultPlan = { kind: form.kind };
  if (form.dialect) plan.dialect = form.dialect;
  if (form.user) plan.user = form.user;
  if (form.market && kind.ofOrders) plan.market = form.market;
  if (kind.needsMarket && !form.market) wrong["market"] = "Say which market.";
  const common: FaultField[] = [count("count", "", ""), seconds("seconds", "", "")];
  for (const field of [...common, ...kind.fields]) {
    const text = (field.name === "count" ? form.count : field.name === "seconds" ? form.seconds : (form.values[field.name] ?? field.start)).trim();
    if (text === "") continue;
    const read = readNumber(text, field.kind);
    if (typeof read === "string") wrong[field.name] = read;
    else plan[field.name] = read;
  }
  return { plan: Object.keys(wrong).length > 0 ? null : plan, wrong };
}

/** Seconds, counts and per cents are no money: they go as JSON numbers. */
function readNumber(text: string, kind: FaultField["kind"]): number | string {
  const number = Decimal.parse(text);
  if (number === null) return "Write a number.";
  if (kind === "count" && !number.rescale(0).equals(number)) return "Write a whole number.";
  if (kind !== "signed" && number.isNegative) return "Not below 0.";
  if (kind === "percent" && (number.isZero || Decimal.from("100").lessThan(number))) return "Above 0, and at most 100.";
  return number.toApproximateNumber();
}

/** Whom a fault meets, in words. */
export function meets(plan: FaultPlan): string {
  const said = [
    plan.dialect ? `API ${plan.dialect}` : "",
    plan.user ? `user ${plan.user}` : "",
    plan.market ? `market ${plan.market}` : "",
    plan["side"] ? `side ${plan["side"]}` : "",
    plan.path ? `path ${plan.path}` : "",
    plan["method"] ? `method ${plan["method"]}` : "",
    plan["client_order_id"] ? `client order id ${plan["client_order_id"]}` : "",
  ].filter(Boolean);
  return said.length > 0 ? said.join(", ") : "everybody";
}
