import { describe, expect, it } from "vitest";
import type { Market } from "../api/generated";
import { levelsOf } from "./book";
import { Decimal } from "./decimal";
import { check, isByTotal, moved, portion, type Draft, type Situation } from "./ticket";

const MARKET: Market = {
  name: "btc_usd",
  base: "BTC",
  quote: "USD",
  status: "open",
  price_decimals: 3,
  amount_decimals: 8,
  min_price: "0.1",
  max_price: "10000",
  min_amount: "0.001",
  max_amount: "1000",
  min_total: "1",
  maker_fee_ppm: 1000,
  taker_fee_ppm: 2000,
};

const situation = (change: Partial<Situation> = {}): Situation => ({
  market: MARKET,
  availableBase: Decimal.from("2"),
  availableQuote: Decimal.from("1000"),
  bids: levelsOf([["99", "1"], ["98", "5"]], 3),
  asks: levelsOf([["100", "1"], ["101", "5"]], 3),
  makerPpm: 1000,
  takerPpm: 2000,
  now: 1_000,
  ...change,
});

const draft = (change: Partial<Draft> = {}): Draft => ({
  side: "buy",
  type: "limit",
  price: "99.5",
  amount: "1",
  total: "",
  stopPrice: "",
  trail: "",
  timeInForce: "gtc",
  expires: null,
  postOnly: false,
  ...change,
});

const plain = (text: string | undefined): string => (text ?? "").replaceAll("\u202f", " ");

describe("an order that can be sent", () => {
  it.each<[string, Partial<Draft>, object]>([
    ["limit", {}, { type: "limit", price: "99.5", amount: "1", time_in_force: "gtc" }],
    ["zeros at the end", { price: "99.500", amount: "1.0" }, { price: "99.5", amount: "1" }],
    ["post-only", { postOnly: true }, { post_only: true }],
    ["until a time", { timeInForce: "gtd", expires: 2_000 }, { time_in_force: "gtd", expires: 2_000 }],
    ["market sell", { side: "sell", type: "market", timeInForce: "ioc" }, { type: "market", side: "sell", amount: "1" }],
    ["market buy in quote", { type: "market", amount: "", total: "150.5", timeInForce: "ioc" }, { type: "market", funds: "150.5" }],
    ["stop at market", { type: "stop-market", total: "150", stopPrice: "105" }, { type: "stop-market", funds: "150", stop_price: "105" }],
    ["take profit", { side: "sell", type: "take-profit-limit", price: "120", stopPrice: "119" }, { price: "120", stop_price: "119" }],
    ["trailing", { side: "sell", type: "trailing-stop-limit", price: "90", trail: "2.5" }, { trail: "2.5", price: "90" }],
  ])("%s", (_name, change, expected) => {
    const checked = check(draft(change), situation());
    expect(checked.errors).toEqual({});
    expect(checked.order).toMatchObject(expected);
    expect(checked.order).toMatchObject({ market: "btc_usd" });
  });

  it("says nothing that its type does not take", () => {
    const order = check(draft({ type: "market", stopPrice: "5", trail: "5", postOnly: true, timeInForce: "ioc" }), situation()).order;
    expect(Object.keys(order ?? {}).sort()).toEqual(["amount", "market", "side", "type"]);
  });
});

describe("what is wrong, in words", () => {
  it.each<[string, Partial<Draft>, string, string]>([
    ["no number", { price: "abc" }, "price", "This is no number."],
    ["zero", { amount: "0" }, "amount", "It must be above zero."],
    ["decimals", { price: "99.1234" }, "price", "At most 3 decimals."],
    ["low price", { price: "0.05" }, "price", "This market's lowest price is 0.1."],
    ["high price", { price: "20000", amount: "0.01" }, "price", "This market's highest price is 10 000."],
    ["small amount", { amount: "0.0001" }, "amount", "At least 0.001 BTC."],
    ["small total", { amount: "0.001" }, "amount", "The total must be at least 1 USD."],
    ["more than there is, buying", { amount: "11" }, "amount", "This needs 1 094.5 USD; you have 1 000."],
    ["more than there is, selling", { side: "sell", amount: "2.5", price: "120" }, "amount", "You have 2 BTC available."],
    ["post-only that crosses", { price: "100", postOnly: true }, "price", "It would trade at once at 100; a post-only order must rest."],
    ["a time that is over", { timeInForce: "gtd", expires: 999 }, "expires", "This time is over already."],
    ["funds and fill-or-kill", { type: "market", amount: "", total: "50", timeInForce: "fok" }, "total", "Fill-or-kill needs an amount."],
  ])("%s", (_name, change, field, words) => {
    const checked = check(draft(change), situation());
    expect(checked.order).toBeNull();
    expect(plain(checked.errors[field as "price"])).toBe(words);
  });

  it("counts what a buy at market would cost by the book as it is", () => {
    const checked = check(draft({ type: "market", amount: "2" }), situation({ availableQuote: Decimal.from("200.5") }));
    expect(plain(checked.errors.amount ?? "")).toBe("This needs about 201 USD; you have 200.5.");
    expect(checked.order).toBeNull();
    expect(check(draft({ type: "market", amount: "2" }), situation({ availableQuote: Decimal.from("201") })).errors).toEqual({});
  });

  it.each<Partial<Draft>>([{ amount: "11" }, { side: "sell", amount: "2.5" }, { type: "market", amount: "6" }])(
    "says nothing of money while it is not known what there is: %j",
    (change) => expect(check(draft(change), situation({ availableBase: null, availableQuote: null })).errors).toEqual({}),
  );

  it("does not complain of what is still empty, and names it", () => {
    const checked = check(draft({ price: "", amount: "" }), situation());
    expect(checked.errors).toEqual({});
    expect(checked.missing).toBe("price");
    expect(checked.order).toBeNull();
  });
});

describe("what it would cost", () => {
  const shown = (change: Partial<Draft>): Record<string, string | undefined> => {
    const preview = check(draft(change), situation()).preview;
    return {
      average: preview?.average?.toShortString(),
      total: preview?.total.toShortString(),
      fee: `${preview?.fee.toShortString()} ${preview?.feeAsset}`,
      receive: preview?.receive.toShortString(),
      rate: preview?.feeRate,
    };
  };

  it("as a maker, at its own price", () => {
    expect(shown({})).toEqual({ average: undefined, total: "99.5", fee: "0.001 BTC", receive: "0.999", rate: "0.1%" });
  });

  it("as a taker, level by level", () => {
    expect(shown({ type: "market", amount: "2", timeInForce: "ioc" })).toEqual({ average: "100.5", total: "201", fee: "0.004 BTC", receive: "1.996", rate: "0.2%" });
  });

  it("as both, when it takes a part and rests with the other", () => {
    expect(shown({ price: "100", amount: "2" })).toEqual({ average: "100", total: "200", fee: "0.003 BTC", receive: "1.997", rate: "0.2% / 0.1%" });
  });

  it("of a buy that is said in quote", () => {
    expect(shown({ type: "market", amount: "", total: "201", timeInForce: "ioc" })).toMatchObject({ average: "100.5", total: "201", receive: "1.996" });
  });

  it("of a sale, with the fee in quote", () => {
    expect(shown({ side: "sell", type: "market", amount: "1", timeInForce: "ioc" })).toMatchObject({ total: "99", fee: "0.198 USD", receive: "98.802" });
  });
});

describe("notes", () => {
  it.each<[string, Partial<Draft>, Partial<Situation>, string]>([
    ["a market order larger than the book", { side: "sell", type: "market", amount: "2" }, { bids: levelsOf([["99", "1"]], 3) }, "Only 1 BTC find"],
    ["an empty side", { type: "market", amount: "1" }, { asks: [] }, "Nobody offers"],
    ["a trigger that is met", { type: "stop-limit", stopPrice: "90" }, {}, "beyond this trigger"],
    ["a halted market", {}, { market: { ...MARKET, status: "halted" } }, "halted"],
  ])("%s", (_name, change, here, words) => expect(check(draft(change), situation(here)).note).toContain(words));
});

describe("portions", () => {
  it.each<[Partial<Draft>, number, object | null]>([
    [{}, 50, { amount: "5.02512562" }],
    [{ side: "sell" }, 25, { amount: "0.5" }],
    [{ type: "market" }, 100, { total: "1000" }],
    [{ price: "" }, 50, null],
  ])("%j, %i %", (change, percent, expected) => expect(portion(draft(change), situation(), percent)).toEqual(expected));

  it("are of nothing while it is not known what there is", () => {
    expect(portion(draft({ side: "sell" }), situation({ availableBase: null }), 50)).toBeNull();
  });
});

it("moves prices by ticks", () => {
  expect(moved("99.5", 1, 3, "")).toBe("99.501");
  expect(moved("99.5", -10, 3, "")).toBe("99.490");
  expect(moved("0.002", -10, 3, "")).toBe("0.001");
  expect(moved("", 1, 3, "100")).toBe("100.001");
});

it("says a waiting buy at market in quote", () => {
  expect(isByTotal(draft({ type: "stop-market" }))).toBe(true);
  expect(isByTotal(draft({ type: "stop-market", side: "sell" }))).toBe(false);
  expect(isByTotal(draft({ type: "market", total: "5" }))).toBe(false);
});
