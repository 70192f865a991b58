import { expect, it } from "vitest";
import { readTerms, type TermsForm } from "./terms";

const GOOD: TermsForm = { min_price: "0.01", max_price: "10000", min_amount: "0.001", max_amount: "1000", min_total: "0", maker: "0.1", taker: "0.2" };
const DECIMALS = { prices: 2, amounts: 3 };

it("reads what is right", () => {
  expect(readTerms(GOOD, DECIMALS)).toEqual({
    terms: { min_price: "0.01", max_price: "10000", min_amount: "0.001", max_amount: "1000", min_total: "0", maker_fee_ppm: 1000, taker_fee_ppm: 2000 },
    wrong: {},
  });
});

it.each<[string, Partial<TermsForm>, Partial<TermsForm>]>([
  ["a word", { min_price: "cheap" }, { min_price: "Write a number such as 0.01." }],
  ["nothing", { max_amount: "" }, { max_amount: "Write a number such as 0.01." }],
  ["zero", { min_amount: "0" }, { min_amount: "It must be above 0." }],
  ["too many decimals", { min_price: "0.001" }, { min_price: "At most 2 decimals." }],
  ["prices the wrong way round", { max_price: "0.00" }, { max_price: "It must be above 0." }],
  ["a highest price below the lowest", { min_price: "5", max_price: "4" }, { max_price: "It is below the lowest price." }],
  ["a largest amount below the smallest", { min_amount: "5", max_amount: "4" }, { max_amount: "It is below the smallest amount." }],
  ["a fee above everything", { taker: "101" }, { taker: "A fee is at most 100 %." }],
  ["two at once", { maker: "x", min_total: "-1" }, { maker: "Write a per cent such as 0.2.", min_total: "Write a number such as 0.01." }],
])("says what is wrong with %s", (_situation, change, wrong) => {
  expect(readTerms({ ...GOOD, ...change }, DECIMALS)).toEqual({ terms: null, wrong });
});
