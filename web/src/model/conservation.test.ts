import { expect, it } from "vitest";
import type { AssetBooks } from "../api/generated";
import { conservation } from "./conservation";

const BALANCED: AssetBooks = {
  asset: "BTC",
  users: "10.50000000",
  held: "1.00000000",
  fees: "0.25000000",
  withdrawals: "1.00000001",
  coupons: "0.24999999",
  conversion: "0.00000000",
  world: "-12.00000000",
  total: "0.00000000",
};

it.each<[string, Partial<AssetBooks>, boolean]>([
  ["all that came in is somewhere", {}, true],
  ["one atom too much", { users: "10.50000001" }, false],
  ["one atom lost", { fees: "0.24999999" }, false],
  ["the server adds up otherwise", { total: "0.00000001" }, false],
  ["more is held than is owed", { held: "10.50000001" }, false],
])("%s", (_situation, change, holds) => expect(conservation({ ...BALANCED, ...change }).holds).toBe(holds));

it("says what came in", () => expect(conservation(BALANCED)).toMatchObject({ cameIn: "12.00000000", sum: "0" }));
