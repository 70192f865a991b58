import { describe, expect, it } from "vitest";
import type { LedgerEntry } from "../../api/generated";
import { ledgerCsv, reasonOf, totalAfter } from "./ledger";

const ENTRY: LedgerEntry = {
  id: "7",
  time: 1_795_000_000_123_456,
  asset: "BTC",
  business: "transfer",
  available_change: "-0.5",
  held_change: "0",
  available: "1.25000000",
  held: "0.1",
  market: null,
  order_id: null,
  trade_id: null,
  price: null,
  amount: null,
  fee: null,
  transfer_id: "0f",
  kind: "withdrawal",
  counterparty: null,
};

describe("why a balance changed", () => {
  it.each<[Partial<LedgerEntry>, string]>([
    [{}, "Withdrawal"],
    [{ held_change: "0.5" }, "Held for a withdrawal"],
    [{ available_change: "0", held_change: "-0.5" }, "Withdrawal"],
    [{ available_change: "0.5", held_change: "-0.5" }, "Withdrawal came back"],
    [{ kind: "deposit", available_change: "1" }, "Deposit"],
    [{ kind: "coupon-create" }, "Coupon created"],
    [{ kind: "coupon-redeem", available_change: "1" }, "Coupon redeemed"],
    [{ kind: "internal", counterparty: "bob" }, "To bob"],
    [{ kind: "internal", counterparty: "bob", available_change: "1" }, "From bob"],
    [{ kind: "something new" }, "Transfer"],
    [{ business: "trade", market: "btc_usd", available_change: "1" }, "Bought in BTC/USD"],
    [{ business: "trade", market: "btc_usd", available_change: "0", held_change: "-1" }, "Paid in BTC/USD"],
    [{ business: "hold", order_id: "12", held_change: "0.5" }, "Held for order 12"],
    [{ business: "release", order_id: null, available_change: "1", held_change: "-1" }, "Released"],
  ])("%o", (differs, words) => {
    expect(reasonOf({ ...ENTRY, ...differs })).toBe(words);
  });

  it("adds what is held to what is available, exactly", () => {
    expect(totalAfter({ ...ENTRY, available: "0.1", held: "0.2" }).toString()).toBe("0.3");
  });
});

describe("the ledger as CSV", () => {
  const line = (differs: Partial<LedgerEntry>): string => ledgerCsv([{ ...ENTRY, ...differs }]).split("\r\n")[1] ?? "";

  it("has a line for its columns and one for each entry", () => {
    expect(ledgerCsv([])).toMatch(/^id,time,asset,.*\r\n$/);
    expect(line({})).toBe("7,2026-11-18T11:06:40.123456Z,BTC,transfer,Withdrawal,-0.5,0,1.25000000,0.1,1.35000000,,,,,,,0f,withdrawal,");
  });

  it("quotes commas and quotation marks, and makes no formula of a name", () => {
    expect(line({ counterparty: 'a,"b"' })).toContain('"a,""b"""');
    expect(line({ counterparty: "=1+1" })).toMatch(/,'=1\+1$/);
    expect(line({ counterparty: "-2+3" })).toMatch(/,'-2\+3$/);
    expect(line({ counterparty: "@SUM(A1)" })).toMatch(/,'@SUM\(A1\)$/);
  });
});
