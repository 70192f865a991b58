// What a market's form says, read. Everything wrong is a sentence beside its field; the server judges it all again.

import { Decimal } from "../../model/decimal";
import { ppmOfPercent } from "../../model/quantities";

export interface TermsForm {
  min_price: string;
  max_price: string;
  min_amount: string;
  max_amount: string;
  min_total: string;
  maker: string;
  taker: string;
}

export interface Terms {
  min_price: string;
  max_price: string;
  min_amount: string;
  max_amount: string;
  min_total: string;
  maker_fee_ppm: number;
  taker_fee_ppm: number;
}

export type Wrong<Form> = Partial<Record<keyof Form, string>>;

/** `prices` and `amounts`: how many decimals the market's prices and amounts have. */
export function readTerms(form: TermsForm, decimals: { prices: number; amounts: number }): { terms: Terms | null; wrong: Wrong<TermsForm> } {
  const wrong: Wrong<TermsForm> = {};
  const number = (name: keyof TermsForm, most: number | null, zero = false): Decimal | null => {
    const read = Decimal.parse(form[name].trim());
    if (read === null || read.isNegative) wrong[name] = "Write a number such as 0.01.";
    else if (!zero && read.isZero) wrong[name] = "It must be above 0.";
    else if (most !== null && !read.rescale(most).equals(read)) wrong[name] = `At most ${most} decimals.`;
    return wrong[name] === undefined ? read : null;
  };
  const fee = (name: "maker" | "taker"): number => {
    const read = ppmOfPercent(form[name]);
    if (typeof read === "string") wrong[name] = read;
    return typeof read === "string" ? 0 : read;
  };
  const minPrice = number("min_price", decimals.prices);
  const maxPrice = number("max_price", decimals.prices);
  const minAmount = number("min_amount", decimals.amounts);
  const maxAmount = number("max_amount", decimals.amounts);
  number("min_total", null, true);
  const [maker, taker] = [fee("maker"), fee("taker")];
  if (minPrice !== null && maxPrice !== null && maxPrice.lessThan(minPrice)) wrong.max_price = "It is below the lowest price.";
  if (minAmount !== null && maxAmount !== null && maxAmount.lessThan(minAmount)) wrong.max_amount = "It is below the smallest amount.";
  if (Object.keys(wrong).length > 0) return { terms: null, wrong };
  const text = (name: keyof TermsForm): string => form[name].trim();
  return {
    terms: {
      min_price: text("min_price"),
      max_price: text("max_price"),
      min_amount: text("min_amount"),
      max_amount: text("max_amount"),
      min_total: text("min_total"),
      maker_fee_ppm: maker,
      taker_fee_ppm: taker,
    },
    wrong,
  };
}
