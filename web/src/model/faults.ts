// The faults that a sandbox can be told to have, as a form offers them.

import type { FaultPlan } from "../api/control";
import { Decimal } from "./decimal";

export interface FaultField {
  name: string;
  label: string;
  /** What stands in it before anybody types; empty may stay empty. */
  start: string;
  /** `chance`: written in per cent, sent as a share of 1. `yesno`: one of the choices, sent as true or false. */
  kind: "seconds" | "count" | "percent" | "chance" | "signed" | "text" | "choice" | "yesno";
  choices?: readonly { value: string; text: string }[];
  hint?: string;
}

export interface FaultKind {
  kind: string;
  words: string;
  fields: readonly FaultField[];
  /** It meets a market, and must be told which. */
  needsMarket?: boolean;
  /** It meets orders, and can be told of which market and side. */
  ofOrders?: boolean;
}

const seconds = (name: string, label: string, start: string, hint?: string): FaultField => ({ name, label, start, kind: "seconds", ...(hint ? { hint } : {}) });
const count = (name: string, label: string, start: string, hint?: string): FaultField => ({ name, label, start, kind: "count", ...(hint ? { hint } : {}) });
const text = (name: string, label: string, hint?: string): FaultField => ({ name, label, start: "", kind: "text", ...(hint ? { hint } : {}) });
const choice = (name: string, label: string, usual: string, ...choices: { value: string; text: string }[]): FaultField => ({
  name,
  label,
  start: "",
  kind: "choice",
  choices: [{ value: "", text: usual }, ...choices],
});
const yesno = (name: string, label: string, usual: string, yes: string, no: string): FaultField => ({
  ...choice(name, label, usual, { value: "true", text: yes }, { value: "false", text: no }),
  kind: "yesno",
});
const executed = (usual: string): FaultField => yesno("executed", "Is the request carried out?", usual, "yes", "no");
const now = yesno("now", "Sockets that are open now", "meet it with a message", "meet it at once", "meet it with a message");

/** Whom a fault of requests, sockets and messages meets, beside API and user. */
export const SELECTORS: readonly FaultField[] = [
  text("path", "Path", "Without its query; * stands for anything"),
  text("method", "Method", "GET, POST, …, or the request's own"),
  text("key", "API key", "Its public text"),
  text("contains", "Text in it", "In the query, the body or the message"),
  choice("transport", "Over", "HTTP and sockets", { value: "http", text: "HTTP" }, { value: "handshake", text: "a socket's handshake" }, { value: "socket", text: "a socket" }),
];

/** Whose orders a fault of orders meets, beside API and user. */
export const ORDER_SELECTORS: readonly FaultField[] = [
  choice("side", "Side", "both", { value: "buy", text: "buy" }, { value: "sell", text: "sell" }),
  text("key", "API key", "Its public text"),
  text("client_order_id", "Client order id", "* stands for anything"),
];

/** Which of those that it meets it fires at. */
export const TIMING: readonly FaultField[] = [
  count("count", "How often at most", "", "Empty: once, or as long as it lasts; 0: any number"),
  seconds("seconds", "For how many seconds", "", "By the sandbox's clock; empty: any time"),
  count("skip", "Let so many pass first", "", "Empty: none"),
  count("every", "Then at every nth", "", "Empty: at each; 3: the third, the sixth, …"),
  { name: "probability", label: "Chance in per cent", start: "", kind: "chance", hint: "Empty: 100; drawn from the seed" },
];

export const FAULT_KINDS: readonly FaultKind[] = [
  { kind: "lose-reply", words: "The reply is lost; it was done", fields: [] },
  { kind: "lose-request", words: "The request is lost; nothing was done", fields: [] },
  { kind: "delay", words: "The reply is late", fields: [seconds("before", "Seconds before it is done", "0"), seconds("after", "Seconds after it was done", "3")] },
  { kind: "reset", words: "The connection breaks in the middle of the reply", fields: [count("after_bytes", "Bytes that come first", "", "Empty: half of them"), executed("yes, as usual")] },
  { kind: "refuse", words: "It cannot be done now", fields: [] },
  { kind: "rate-limit", words: "Too many requests", fields: [seconds("wait", "Seconds to wait, as it is told", "5")] },
  { kind: "ban", words: "Banned", fields: [seconds("wait", "Seconds to wait, as it is told", "60")] },
  { kind: "maintenance", words: "Under maintenance", fields: [] },
  { kind: "nonce-rejected", words: "The nonce is wrong", fields: [] },
  { kind: "server-error", words: "A server's error page", fields: [choice("status", "Status", "503", { value: "500", text: "500" }, { value: "502", text: "502" }, { value: "504", text: "504" }), executed("no, as usual")] },
  { kind: "truncate", words: "JSON that is cut off", fields: [count("after_bytes", "Bytes that come", "", "Empty: half of them"), choice("length", "Its Content-Length", "of what comes", { value: "wrong", text: "of the whole" })] },
  { kind: "content-type", words: "The reply under another type", fields: [text("content_type", "Type", "Empty: text/html")] },
  { kind: "clock-skew", words: "The API's clock is wrong", fields: [{ name: "skew", label: "Seconds ahead, negative for behind", start: "30", kind: "signed" }] },
  { kind: "stale", words: "Old data", fields: [seconds("age", "Seconds old", "10", "Empty when commands are counted"), count("commands", "Or commands old", "")] },
  { kind: "socket-close", words: "The socket closes", fields: [count("code", "Close code", "", "1000 to 4999; empty or 1006: cut without a word"), text("reason", "Reason"), now] },
  { kind: "socket-silence", words: "The socket is open and silent", fields: [now] },
  { kind: "socket-freeze", words: "The socket does nothing at all, pings included", fields: [now] },
  { kind: "socket-skip", words: "Messages are lost", fields: [count("messages", "How many in a row", "1")] },
  { kind: "socket-duplicate", words: "A message comes twice", fields: [] },
  { kind: "socket-reorder", words: "A message comes behind the next one", fields: [] },
  { kind: "socket-late-snapshot", words: "The snapshot comes after changes", fields: [count("messages", "Messages that go first", "3", "Empty when seconds are counted"), seconds("delay", "Or seconds late", "")] },
  { kind: "fill", words: "An order is filled in two parts", fields: [{ name: "percent", label: "Per cent at first", start: "50", kind: "percent" }, text("price", "Price of the first part", "Empty: the best there is"), seconds("wait", "Seconds until the rest", "1"), choice("rest", "The rest", "is filled", { value: "cancel", text: "is cancelled" }, { value: "leave", text: "stays open" }), text("rest_price", "Price of the rest", "Empty: the order's")], ofOrders: true },
  { kind: "cancel-loses", words: "An order is filled just before it is cancelled", fields: [], ofOrders: true },
  { kind: "partial-cancel", words: "A part of an order is filled before it is cancelled", fields: [{ name: "percent", label: "Per cent that is filled", start: "50", kind: "percent" }], ofOrders: true },
  { kind: "halt", words: "A market takes no orders", fields: [], needsMarket: true, ofOrders: true },
];

export interface FaultForm {
  kind: string;
  dialect: string;
  user: string;
  market: string;
  /** All other fields, by name. */
  values: Record<string, string>;
}

export function kindOf(name: string): FaultKind | undefined {
  return FAULT_KINDS.find((each) => each.kind === name);
}

/** What else a fault of that kind may be told of whom it meets. */
export const selectorsOf = (kind: FaultKind): readonly FaultField[] => (kind.needsMarket ? [] : kind.ofOrders ? ORDER_SELECTORS : SELECTORS);

/** What stays written when another kind is picked: not the kind's own fields. */
export function keptValues(values: Record<string, string>): Record<string, string> {
  const kept = new Set([...SELECTORS, ...ORDER_SELECTORS, ...TIMING].map((field) => field.name));
  return Object.fromEntries(Object.entries(values).filter(([name]) => kept.has(name)));
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
  for (const field of [...selectorsOf(kind), ...TIMING, ...kind.fields]) {
    const written = (form.values[field.name] ?? field.start).trim();
    if (written === "") continue;
    const read = readField(field, written);
    if ("wrong" in read) wrong[field.name] = read.wrong;
    else plan[field.name] = read.value;
  }
  return { plan: Object.keys(wrong).length > 0 ? null : plan, wrong };
}

type Read = { value: string | number | boolean } | { wrong: string };

/** Seconds, counts and per cents are no money: they go as JSON numbers. Prices are, and go as texts. */
function readField(field: FaultField, written: string): Read {
  if (field.kind === "yesno") return { value: written === "true" };
  if (field.kind === "text") return { value: written };
  if (field.kind === "choice") return { value: field.name === "status" ? Number(written) : written };
  const number = Decimal.parse(written);
  if (number === null) return { wrong: "Write a number." };
  if (field.kind === "count" && !number.rescale(0).equals(number)) return { wrong: "Write a whole number." };
  if (field.kind !== "signed" && number.isNegative) return { wrong: "Not below 0." };
  const isShare = field.kind === "percent" || field.kind === "chance";
  if (isShare && (number.isZero || Decimal.from("100").lessThan(number))) return { wrong: "Above 0, and at most 100." };
  const sent = field.kind === "chance" ? Decimal.of(number.units, number.scale + 2) : number;
  return { value: sent.toApproximateNumber() };
}

/** Which of those that it meets a fault fires at, in words; empty when at each. */
export function timingOf(plan: FaultPlan): string {
  const chance = plan["probability"];
  const every = plan["every"];
  return [
    plan["skip"] ? `after ${String(plan["skip"])}` : "",
    typeof every === "number" && every > 1 ? `every ${every}${every === 2 ? "nd" : every === 3 ? "rd" : "th"}` : "",
    typeof chance === "number" && chance < 1 ? `with a chance of ${Decimal.of(BigInt(Math.round(chance * 10_000)), 2).toShortString()} %` : "",
  ]
    .filter(Boolean)
    .join(", ");
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
    plan["key"] ? `key ${plan["key"]}` : "",
    plan["contains"] ? `text ${plan["contains"]}` : "",
    plan["transport"] ? `over ${plan["transport"]}` : "",
    plan["client_order_id"] ? `client order id ${plan["client_order_id"]}` : "",
  ].filter(Boolean);
  return said.length > 0 ? said.join(", ") : "everybody";
}
