// Money is neither made nor lost: all of an asset that came in is somewhere.

import type { AssetBooks } from "../api/generated";
import { Decimal } from "./decimal";

export interface Conservation {
  /** What came in from outside. */
  cameIn: string;
  /** Where all of it is, less what came in: exactly 0. */
  sum: string;
  /** Whether it is, whether the server says the same, and whether no more is held than is owed. */
  holds: boolean;
}

export function conservation(row: AssetBooks): Conservation {
  const world = Decimal.from(row.world);
  const sum = [row.users, row.fees, row.withdrawals, row.coupons, row.conversion].map((text) => Decimal.from(text)).reduce((a, b) => a.add(b), world);
  const holds = sum.isZero && Decimal.from(row.total).isZero && !Decimal.from(row.users).lessThan(Decimal.from(row.held));
  return { cameIn: world.negate().toString(), sum: sum.toShortString(), holds };
}
