import { expect, it } from "vitest";
import { FAULT_KINDS, meets, planOf, type FaultForm } from "./faults";

const FORM: FaultForm = { kind: "lose-reply", dialect: "", user: "", market: "", count: "", seconds: "", values: {} };

it.each<[string, Partial<FaultForm>, object]>([
  ["nothing but a kind", {}, { kind: "lose-reply" }],
  ["whom it meets and how often", { dialect: "btse", user: "alice", count: "3", seconds: "60" }, { kind: "lose-reply", dialect: "btse", user: "alice", count: 3, seconds: 60 }],
  ["a market that the kind does not know", { market: "btc_usd" }, { kind: "lose-reply" }],
  ["a market that it halts", { kind: "halt", market: "btc_usd" }, { kind: "halt", market: "btc_usd" }],
  ["the kind's own fields as they stand", { kind: "delay" }, { kind: "delay", before: 0, after: 3 }],
  ["a field of its own", { kind: "clock-skew", values: { skew: "-2.5" } }, { kind: "clock-skew", skew: -2.5 }],
])("plans %s", (_situation, change, plan) => expect(planOf({ ...FORM, ...change })).toEqual({ plan, wrong: {} }));

it.each<[string, Partial<FaultForm>, Record<string, string>]>([
  ["a halt of nothing", { kind: "halt" }, { market: "Say which market." }],
  ["a count that is none", { count: "often" }, { count: "Write a number." }],
  ["half a time", { count: "1.5" }, { count: "Write a whole number." }],
  ["a time that is over", { seconds: "-1" }, { seconds: "Not below 0." }],
  ["more than all of an order", { kind: "fill", values: { percent: "101" } }, { percent: "Above 0, and at most 100." }],
])("says what is wrong with %s", (_situation, change, wrong) => expect(planOf({ ...FORM, ...change })).toEqual({ plan: null, wrong }));

it("has words for every kind, each once", () => {
  expect(new Set(FAULT_KINDS.map((each) => each.kind)).size).toBe(FAULT_KINDS.length);
  expect(FAULT_KINDS.every((each) => each.words.length > 0)).toBe(true);
});

it("says whom a fault meets", () => {
  expect(meets({ kind: "ban" })).toBe("everybody");
  expect(meets({ kind: "ban", dialect: "btse", user: "alice" })).toBe("API btse, user alice");
});
