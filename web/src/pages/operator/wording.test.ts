import { expect, it } from "vitest";
import { argumentWords, awaitsApproval, operationWords, outcomeWords, withNames } from "./wording";

it.each<[Record<string, unknown>, string]>([
  [{ user: "@17", role: "operator" }, "user @17 · role operator"],
  [{ user: "@17", cancel_orders: false, market: null }, "user @17"],
  [{ orders: [4, 5] }, "orders 4, 5"],
  [{ name: "btc_usd", maker_fee_ppm: 0 }, "name btc_usd · maker fee ppm 0"],
  [{ name: "\u202ecod.exe", halted: true }, "name \\u202ecod.exe · halted true"],
  [{ key: "a\u200bb\nc" }, "key a\\u200bb\\u000ac"],
  [{}, ""],
])("arguments %j are worded %j", (said, words) => expect(argumentWords(said)).toBe(words));

it("knows an approval from what was done", () => {
  expect(awaitsApproval({ id: 1, operation: "user.role", arguments: {}, asked_by: "olga", asked: 0 })).toBe(true);
  expect(awaitsApproval({ name: "alice", role: "operator" })).toBe(false);
  expect(awaitsApproval({ id: "a", user: "alice", asked_by: "" })).toBe(false);
});

it("gives an operation that it has no words for its own name", () => {
  expect(operationWords("user.freeze")).toBe("Freeze a user");
  expect(operationWords("of.tomorrow")).toBe("of.tomorrow");
  expect(operationWords("market.status", { name: "btc_usd", halted: true })).toBe("Halt a market");
  expect(operationWords("market.status", { name: "btc_usd", halted: false })).toBe("Open a market");
});

it.each([
  ["@17 from 192.0.2.7", "olga from 192.0.2.7"],
  ["user @17 · role operator", "user olga · role operator"],
  ["@18 from 192.0.2.7", "@18 from 192.0.2.7"],
  ["@170", "@170"],
  ["a@17", "a@17"],
  ["uid 0 (root)", "uid 0 (root)"],
])("%s is shown as %s", (text, shown) => expect(withNames(text, { "@17": "olga" })).toBe(shown));

it.each([
  ["done", "done"],
  ["waiting", "waits for a second operator"],
  ["unknown", "outcome unknown"],
  ["user-unknown", "refused: user unknown"],
])("the outcome %s is worded %j", (outcome, words) => expect(outcomeWords(outcome)).toBe(words));
