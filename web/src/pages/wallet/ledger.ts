// The ledger's entries in words, and as a table for spreadsheets.

import type { LedgerEntry } from "../../api/generated";
import { Decimal } from "../../model/decimal";
import { marketTitle } from "../../model/format";

const TRANSFERS: Record<string, [incoming: string, outgoing: string]> = {
  deposit: ["Deposit", "Deposit taken back"],
  withdrawal: ["Withdrawal came back", "Withdrawal"],
  "coupon-create": ["Coupon taken back", "Coupon created"],
  "coupon-redeem": ["Coupon redeemed", "Coupon"],
  merchant: ["Payment received", "Payment"],
  adjustment: ["Credit by the venue", "Debit by the venue"],
};

/** Of transfers that are not over: the money is only held, or comes back. */
const HELD: Record<string, [held: string, cameBack: string]> = {
  withdrawal: ["Held for a withdrawal", "Withdrawal came back"],
};

const isIncoming = (entry: LedgerEntry): boolean => !Decimal.from(entry.available_change).add(Decimal.from(entry.held_change)).isNegative;

/** Why the balance changed. */
export function reasonOf(entry: LedgerEntry): string {
  const side = isIncoming(entry) ? 0 : 1;
  switch (entry.business) {
    case "trade":
      return `${side === 0 ? "Bought" : "Paid"} in ${marketTitle(entry.market ?? "")}`;
    case "hold":
      return entry.order_id === null ? "Held" : `Held for order ${entry.order_id}`;
    case "release":
      return entry.order_id === null ? "Released" : `Released from order ${entry.order_id}`;
    case "transfer":
      if (entry.counterparty !== null) return side === 0 ? `From ${entry.counterparty}` : `To ${entry.counterparty}`;
      if (Decimal.from(entry.available_change).add(Decimal.from(entry.held_change)).isZero) {
        return HELD[entry.kind ?? ""]?.[Decimal.from(entry.held_change).isNegative ? 1 : 0] ?? "Held for a transfer";
      }
      return TRANSFERS[entry.kind ?? ""]?.[side] ?? "Transfer";
  }
}

/** What there was after the entry, held or not. */
export function totalAfter(entry: LedgerEntry): Decimal {
  return Decimal.from(entry.available).add(Decimal.from(entry.held));
}

const COLUMNS = [
  "id", "time", "asset", "business", "reason", "available_change", "held_change", "available", "held", "total",
  "market", "order_id", "trade_id", "price", "amount", "fee", "transfer_id", "kind", "counterparty",
] as const;

/** RFC 4180, the oldest entry last, as the list has them. Times are UTC, numbers exact. */
export function ledgerCsv(entries: readonly LedgerEntry[]): string {
  const lines = entries.map((entry) => {
    const made = { ...entry, time: utc(entry.time), reason: reasonOf(entry), total: totalAfter(entry).toString() };
    return COLUMNS.map((column) => cell(made[column])).join(",");
  });
  return [COLUMNS.join(","), ...lines].join("\r\n") + "\r\n";
}

/** µs since 1970 with all six decimals of the second. */
function utc(time: number): string {
  return `${new Date(Math.floor(time / 1000)).toISOString().slice(0, 19)}.${String(time % 1_000_000).padStart(6, "0")}Z`;
}

/** A spreadsheet takes texts that begin like a formula for one: those get an apostrophe. Numbers, negative ones too, stay as they are. */
function cell(value: string | null): string {
  if (value === null) return "";
  const guarded = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
