import { expect, it } from "vitest";
import { FAULT_KINDS, meets, planOf, timingOf, type FaultForm } from "./faults";

const FORM: FaultForm = { kind: "lose-reply", dialect: "", user: "", market: "", values: {} };

it.each<[string, Partial<FaultForm>, object]>([
  ["nothing but a kind", {}, { kind: "lose-reply" }],
  ["whom it meets and how often", { dialect: "btse", user: "alice", values: { count: "3", seconds: "60" } }, { kind: "lose-reply", dialect: "btse", user: "alice", count: 3, seconds: 60 }],
  ["a market that the kind does not know", { market: "btc_usd" }, { kind: "lose-reply" }],
  ["a market that it halts", { kind: "halt", market: "btc_usd" }, { kind: "halt", market: "btc_usd" }],
  ["the kind's own fields as they stand", { kind: "delay" }, { kind: "delay", before: 0, after: 3 }],
  ["which of those that it meets", { values: { skip: "2", every: "3", probability: "12.5" } }, { kind: "lose-reply", skip: 2, every: 3, probability: 0.125 }],
  ["a path, a key and a transport", { values: { path: "/tapi*", key: "K-1", transport: "http" } }, { kind: "lose-reply", path: "/tapi*", key: "K-1", transport: "http" }],
  ["a close code at once", { kind: "socket-close", values: { code: "4001", reason: "bye", now: "true" } }, { kind: "socket-close", code: 4001, reason: "bye", now: true }],
  ["a price as text", { kind: "fill", values: { percent: "50", price: "900.5", rest: "leave" } }, { kind: "fill", percent: 50, price: "900.5", wait: 1, rest: "leave" }],
  ["commands in the place of seconds", { kind: "stale", values: { age: "", commands: "5" } }, { kind: "stale", commands: 5 }],
  ["a status as a number", { kind: "server-error", values: { status: "502", executed: "true" } }, { kind: "server-error", status: 502, executed: true }],
  ["a field of its own", { kind: "clock-skew", values: { skew: "-2.5" } }, { kind: "clock-skew", skew: -2.5 }],
])("plans %s", (_situation, change, plan) => expect(planOf({ ...FORM, ...change })).toEqual({ plan, wrong: {} }));

it.each<[string, Partial<FaultForm>, Record<string, string>]>([
  ["a halt of nothing", { kind: "halt" }, { market: "Say which market." }],
  ["a count that is none", { values: { count: "often" } }, { count: "Write a number." }],
  ["half a time", { values: { count: "1.5" } }, { count: "Write a whole number." }],
  ["a time that is over", { values: { seconds: "-1" } }, { seconds: "Not below 0." }],
  ["a chance of nothing", { values: { probability: "0" } }, { probability: "Above 0, and at most 100." }],
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

it("says when it fires", () => {
  expect(timingOf({ kind: "ban" })).toBe("");
  expect(timingOf({ kind: "ban", skip: 0, every: 1, probability: 1 })).toBe("");
  expect(timingOf({ kind: "ban", skip: 2, every: 3, probability: 0.125 })).toBe("after 2, every 3rd, with a chance of 12.5 %");
});
