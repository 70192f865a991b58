// What somebody wrote as an amount, and why it cannot be one.

import { Decimal } from "./decimal";
import { grouped } from "./format";

export interface AmountRules {
  code: string;
  /** Decimals that the asset's amounts have at most. */
  decimals: number;
  /** What there is to take it from; undefined where nothing is taken. */
  available?: string | undefined;
  /** The smallest that is taken. */
  least?: string | undefined;
}

/** A sentence, or null when the amount is right. Nothing written yet is no mistake: that is the empty text. */
export function amountProblem(text: string, rules: AmountRules): string | null {
  const amount = Decimal.parse(text);
  if (amount === null || amount.isNegative) return "Write a number such as 0.25.";
  if (amount.isZero) return "The amount must be above zero.";
  if (!amount.rescale(rules.decimals).equals(amount)) return `${rules.code} has at most ${rules.decimals} decimals.`;
  if (rules.least !== undefined && amount.lessThan(Decimal.from(rules.least))) return `The smallest amount is ${rules.least} ${rules.code}.`;
  if (rules.available !== undefined && Decimal.from(rules.available).lessThan(amount)) return `You have ${grouped(Decimal.from(rules.available).rescale(rules.decimals).toShortString())} ${rules.code}.`;
  return null;
}

/** The amount as the server reads it: without blanks, zeros at its end, or a bare point. */
export function amountText(text: string): string {
  return (Decimal.parse(text) ?? Decimal.ZERO).toShortString();
}
