// An order that somebody is writing: what is wrong with it, in words, before it is sent; what it would cost; and the request that it makes.

import type { Market, PlaceOrder } from "../api/generated";
import { sweep, type Level } from "./book";
import { Decimal } from "./decimal";
import { feeOfPpm, short } from "./format";

export type OrderType = PlaceOrder["type"];
export type TimeInForce = "gtc" | "ioc" | "fok" | "gtd";
export type TicketField = "price" | "amount" | "total" | "stopPrice" | "trail" | "expires";

export interface Draft {
  side: "buy" | "sell";
  type: OrderType;
  price: string;
  amount: string;
  /** Quote to spend or to receive. */
  total: string;
  stopPrice: string;
  trail: string;
  timeInForce: TimeInForce;
  /** µs since 1970; null while none is chosen. */
  expires: number | null;
  postOnly: boolean;
}

export interface Situation {
  market: Market;
  /** Null as long as that is not known, as for who is not logged in. */
  availableBase: Decimal | null;
  availableQuote: Decimal | null;
  bids: Level[];
  asks: Level[];
  makerPpm: number;
  takerPpm: number;
  now: number;
}

export interface Preview {
  /** Of what trades at once. */
  average: Decimal | null;
  total: Decimal;
  fee: Decimal;
  feeAsset: string;
  feeRate: string;
  receive: Decimal;
  receiveAsset: string;
}

export interface Checked {
  /** Null as long as something is wrong or missing. */
  order: PlaceOrder | null;
  /** By field; what is merely empty has none. */
  errors: Partial<Record<TicketField, string>>;
  missing: TicketField | null;
  /** What one should know and may do all the same. */
  note: string;
  preview: Preview | null;
}

export const hasLimit = (type: OrderType): boolean => type.endsWith("limit");
export const isTrailing = (type: OrderType): boolean => type.startsWith("trailing");
export const hasStopPrice = (type: OrderType): boolean => type.startsWith("stop") || type.startsWith("take-profit");
export const canPostOnly = (draft: Draft): boolean => draft.type === "limit" && draft.timeInForce !== "ioc" && draft.timeInForce !== "fok";

/** A buy at market that waits for a trigger is said in quote, since it holds it until then; one at market at once may be. */
export function isByTotal(draft: Draft): boolean {
  if (draft.side === "sell" || hasLimit(draft.type)) return false;
  return draft.type !== "market" || (draft.total !== "" && draft.amount === "");
}

export function forcesOf(type: OrderType): TimeInForce[] {
  if (hasLimit(type)) return ["gtc", "ioc", "fok", "gtd"];
  return type === "market" ? ["ioc", "fok"] : ["ioc"];
}

class Complaints {
  errors: Partial<Record<TicketField, string>> = {};
  missing: TicketField | null = null;

  say(field: TicketField, words: string): void {
    this.errors[field] ??= words;
  }

  /** The number in a field: null when it is empty or wrong. */
  number(field: TicketField, text: string, decimals: number): Decimal | null {
    if (text.trim() === "") {
      this.missing ??= field;
      return null;
    }
    const found = Decimal.parse(text);
    if (found === null) this.say(field, "This is no number.");
    else if (!found.isPositive) this.say(field, "It must be above zero.");
    else if (!found.rescale(decimals).equals(found)) this.say(field, `At most ${decimals} decimals.`);
    else return found;
    return null;
  }
}

export function check(draft: Draft, situation: Situation): Checked {
  const { market } = situation;
  const said = new Complaints();
  const price = hasLimit(draft.type) ? said.number("price", draft.price, market.price_decimals) : null;
  if (price !== null) checkPrice(said, "price", price, market);
  const stopPrice = hasStopPrice(draft.type) ? said.number("stopPrice", draft.stopPrice, market.price_decimals) : null;
  if (stopPrice !== null) checkPrice(said, "stopPrice", stopPrice, market);
  const trail = isTrailing(draft.type) ? said.number("trail", draft.trail, market.price_decimals) : null;
  const byTotal = isByTotal(draft);
  const amount = byTotal ? null : said.number("amount", draft.amount, market.amount_decimals);
  const funds = byTotal ? said.number("total", draft.total, 8) : null;
  if (amount !== null) checkAmount(said, amount, market);
  checkMoney(said, draft, situation, price, amount, funds);
  checkPostOnly(said, draft, situation, price);
  if (draft.timeInForce === "gtd") {
    if (draft.expires === null) said.missing ??= "expires";
    else if (draft.expires <= situation.now) said.say("expires", "This time is over already.");
  }
  if (byTotal && draft.timeInForce === "fok") said.say("total", "Fill-or-kill needs an amount.");
  const isWhole = said.missing === null && Object.keys(said.errors).length === 0;
  const preview = amount !== null || funds !== null ? previewOf(draft, situation, price ?? stopPrice, amount, funds) : null;
  const numbers = { price, stopPrice, trail, amount, funds };
  return {
    order: isWhole ? orderOf(draft, market, numbers) : null,
    errors: said.errors,
    missing: said.missing,
    note: noteOf(draft, situation, stopPrice, amount),
    preview,
  };
}

function checkPrice(said: Complaints, field: TicketField, price: Decimal, market: Market): void {
  const low = Decimal.from(market.min_price);
  const high = Decimal.from(market.max_price);
  if (price.lessThan(low)) said.say(field, `This market's lowest price is ${short(low, market.price_decimals)}.`);
  if (high.lessThan(price)) said.say(field, `This market's highest price is ${short(high, market.price_decimals)}.`);
}

function checkAmount(said: Complaints, amount: Decimal, market: Market): void {
  const least = Decimal.from(market.min_amount);
  const most = Decimal.from(market.max_amount);
  if (amount.lessThan(least)) said.say("amount", `At least ${short(least, market.amount_decimals)} ${market.base}.`);
  if (most.lessThan(amount)) said.say("amount", `At most ${short(most, market.amount_decimals)} ${market.base}.`);
}

function checkMoney(said: Complaints, draft: Draft, situation: Situation, price: Decimal | null, amount: Decimal | null, funds: Decimal | null): void {
  const { market, availableBase, availableQuote } = situation;
  const atMarket = draft.type === "market" && draft.side === "buy" && amount !== null ? sweep(situation.asks, amount, null, "buy").total : null;
  const total = funds ?? (price !== null && amount !== null ? price.multiply(amount) : null);
  const least = Decimal.from(market.min_total);
  const field = funds === null ? "amount" : "total";
  if (total !== null && total.lessThan(least)) said.say(field, `The total must be at least ${short(least, 8)} ${market.quote}.`);
  if (draft.side === "sell" && amount !== null && availableBase?.lessThan(amount)) {
    said.say("amount", `You have ${short(availableBase, 8)} ${market.base} available.`);
  }
  const cost = total ?? atMarket;
  if (draft.side === "buy" && cost !== null && availableQuote?.lessThan(cost)) {
    const needed = short(cost.rescale(8, "up"), 8);
    said.say(field, `This needs ${total === null ? "about " : ""}${needed} ${market.quote}; you have ${short(availableQuote, 8)}.`);
  }
}

function checkPostOnly(said: Complaints, draft: Draft, situation: Situation, price: Decimal | null): void {
  if (!draft.postOnly || !canPostOnly(draft) || price === null) return;
  const best = (draft.side === "buy" ? situation.asks : situation.bids)[0];
  if (best === undefined) return;
  const there = Decimal.from(best.price);
  const crosses = draft.side === "buy" ? !price.lessThan(there) : !there.lessThan(price);
  if (crosses) said.say("price", `It would trade at once at ${short(there, situation.market.price_decimals)}; a post-only order must rest.`);
}

function noteOf(draft: Draft, situation: Situation, stopPrice: Decimal | null, amount: Decimal | null): string {
  const { market } = situation;
  if (market.status === "halted") return "The market is halted: orders are not taken now.";
  const levels = draft.side === "buy" ? situation.asks : situation.bids;
  if (draft.type === "market" && levels.length === 0) return "Nobody offers anything at the moment: nothing would trade.";
  if (draft.type === "market" && amount !== null) {
    const found = sweep(levels, amount, null, draft.side);
    if (found.amount.lessThan(amount)) return `Only ${short(found.amount, market.amount_decimals)} ${market.base} find a counterpart; the rest is cancelled.`;
  }
  const mid = situation.bids[0] ?? situation.asks[0];
  if (stopPrice !== null && mid !== undefined) {
    const here = Decimal.from(mid.price);
    const rises = (draft.side === "buy") === draft.type.startsWith("stop");
    if (rises ? stopPrice.lessThan(here) : here.lessThan(stopPrice)) return "The market is beyond this trigger already: the next trade triggers it.";
  }
  return "";
}

interface Numbers {
  price: Decimal | null;
  stopPrice: Decimal | null;
  trail: Decimal | null;
  amount: Decimal | null;
  funds: Decimal | null;
}

function orderOf(draft: Draft, market: Market, numbers: Numbers): PlaceOrder {
  const { price, stopPrice, trail, amount, funds } = numbers;
  return {
    market: market.name,
    side: draft.side,
    type: draft.type,
    ...(price === null ? {} : { price: price.toShortString() }),
    ...(stopPrice === null ? {} : { stop_price: stopPrice.toShortString() }),
    ...(trail === null ? {} : { trail: trail.toShortString() }),
    ...(amount === null ? {} : { amount: amount.toShortString() }),
    ...(funds === null ? {} : { funds: funds.toShortString() }),
    ...(hasLimit(draft.type) || draft.timeInForce === "fok" ? { time_in_force: draft.timeInForce } : {}),
    ...(draft.timeInForce === "gtd" && draft.expires !== null ? { expires: draft.expires } : {}),
    ...(draft.postOnly && canPostOnly(draft) ? { post_only: true } : {}),
  };
}

/** Against the book as it is now; what rests is taken to trade at its own price. */
function previewOf(draft: Draft, situation: Situation, limit: Decimal | null, amount: Decimal | null, funds: Decimal | null): Preview | null {
  const { market } = situation;
  const levels = draft.side === "buy" ? situation.asks : situation.bids;
  const atOnce = draft.type === "limit" || draft.type === "market";
  const taken = atOnce ? taking(levels, amount, funds, draft.type === "limit" ? limit : null, draft.side) : NOTHING;
  if (atOnce && draft.type === "limit" && limit === null) return null;
  const rest = restOf(taken, amount, funds, limit, market);
  const received = (part: { amount: Decimal; total: Decimal }): Decimal => (draft.side === "buy" ? part.amount : part.total);
  const takerFee = feeOf(received(taken), situation.takerPpm);
  const fee = takerFee.add(feeOf(received(rest), draft.type === "limit" ? situation.makerPpm : situation.takerPpm));
  const rates = new Set<number>();
  if (!taken.amount.isZero || !hasLimit(draft.type)) rates.add(situation.takerPpm);
  if (!rest.amount.isZero && hasLimit(draft.type)) rates.add(situation.makerPpm);
  return {
    average: taken.amount.isPositive ? taken.total.divide(taken.amount, market.price_decimals) : null,
    total: taken.total.add(rest.total),
    fee,
    feeAsset: draft.side === "buy" ? market.base : market.quote,
    feeRate: [...rates].map(feeOfPpm).join(" / "),
    receive: received(taken).add(received(rest)).subtract(fee),
    receiveAsset: draft.side === "buy" ? market.base : market.quote,
  };
}

interface Part {
  amount: Decimal;
  total: Decimal;
}

const NOTHING: Part = { amount: Decimal.ZERO, total: Decimal.ZERO };

function taking(levels: Level[], amount: Decimal | null, funds: Decimal | null, limit: Decimal | null, side: "buy" | "sell"): Part {
  if (amount !== null) return sweep(levels, amount, limit, side);
  let left = funds ?? Decimal.ZERO;
  let found = NOTHING;
  for (const level of levels) {
    const price = Decimal.from(level.price);
    const here = Decimal.from(level.amount);
    const cost = price.multiply(here);
    const part = left.lessThan(cost) ? left.divide(price, 8) : here;
    found = { amount: found.amount.add(part), total: found.total.add(part.multiply(price)) };
    left = left.subtract(part.multiply(price));
    if (part !== here) break;
  }
  return found;
}

/** What does not trade at once and waits: at its limit, or at its trigger. */
function restOf(taken: Part, amount: Decimal | null, funds: Decimal | null, price: Decimal | null, market: Market): Part {
  if (price === null) return NOTHING;
  if (amount !== null) {
    const left = amount.subtract(taken.amount);
    return { amount: left, total: left.multiply(price) };
  }
  if (funds !== null && taken.amount.isZero) return { amount: funds.divide(price, market.amount_decimals), total: funds };
  return NOTHING;
}

function feeOf(received: Decimal, ppm: number): Decimal {
  return received.multiply(Decimal.of(BigInt(ppm), 6));
}

/** So many per cent of what is available: the amount, or for a buy at market the total. */
export function portion(draft: Draft, situation: Situation, percent: number): { amount: string } | { total: string } | null {
  const share = Decimal.of(BigInt(percent), 2);
  const { market } = situation;
  if (situation.availableBase === null || situation.availableQuote === null) return null;
  if (draft.side === "sell") return { amount: situation.availableBase.multiply(share).rescale(market.amount_decimals).toShortString() };
  const money = situation.availableQuote.multiply(share);
  if (!hasLimit(draft.type)) return { total: money.rescale(8).toShortString() };
  const price = Decimal.parse(draft.price);
  if (price === null || !price.isPositive) return null;
  return { amount: money.divide(price, market.amount_decimals).toShortString() };
}

/** A price moved by ticks, never to zero. */
export function moved(text: string, ticks: number, decimals: number, start: string): string {
  const here = Decimal.parse(text === "" ? start : text)?.rescale(decimals) ?? Decimal.ZERO;
  const next = Decimal.of(here.units + BigInt(ticks), decimals);
  return (next.isPositive ? next : Decimal.of(1n, decimals)).toString();
}
