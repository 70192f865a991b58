import { describe, expect, it } from "vitest";
import type { BookDelta, BookSnapshot } from "../api/generated";
import { checksum, extended, FollowedBook, grouped, levelsOf, sweep } from "./book";
import { crc32 } from "./crc32";
import { Decimal } from "./decimal";

const DECIMALS = 3;

function snapshot(sequence: number, bids: [string, string][], asks: [string, string][]): BookSnapshot {
  const sum = checksum(levelsOf(bids, DECIMALS), levelsOf(asks, DECIMALS));
  return { type: "book-snapshot", topic: "book:btc_usd:10", market: "btc_usd", sequence, time: 1, checksum: sum, bids, asks };
}

function delta(previous: number, sequence: number, bids: [string, string][], asks: [string, string][], sum: number): BookDelta {
  return { type: "book-delta", topic: "book:btc_usd:10", market: "btc_usd", previous, sequence, time: 1, checksum: sum, bids, asks };
}

const shown = (book: FollowedBook): unknown => [book.bids.map((l) => [l.price, l.amount]), book.asks.map((l) => [l.price, l.amount])];

describe("a checksum", () => {
  it("is the CRC-32 that everybody has", () => {
    expect(crc32("123456789")).toBe(0xcbf43926);
    expect(crc32("")).toBe(0);
  });

  it("is of the best 25 levels a side, as they were sent", () => {
    const levels = Array.from({ length: 30 }, (_, index): [string, string] => [String(100 - index), "1.5"]);
    const text = levels.slice(0, 25).map(([price, amount]) => `${price}:${amount}`).join(",");
    expect(checksum(levelsOf(levels, DECIMALS), [])).toBe(crc32(`${text};`));
  });
});

describe("a followed book", () => {
  it("folds a delta into its snapshot: replaces, adds in order, removes", () => {
    const book = new FollowedBook(DECIMALS);
    expect(book.apply(snapshot(5, [["99.5", "1"], ["98", "2"]], [["100", "3"]]))).toBeNull();
    const sum = checksum(levelsOf([["99.5", "4"], ["99", "1"]], DECIMALS), levelsOf([["100.25", "2"]], DECIMALS));
    expect(book.apply(delta(5, 6, [["99.5", "4"], ["99", "1"], ["98", "0"]], [["100", "0"], ["100.25", "2"]], sum))).toBeNull();
    expect(shown(book)).toEqual([[["99.5", "4"], ["99", "1"]], [["100.25", "2"]]]);
    expect(book.sequence).toBe(6);
  });

  it("finds a gap, and takes nothing more before a snapshot", () => {
    const book = new FollowedBook(DECIMALS);
    book.apply(snapshot(5, [["99", "1"]], []));
    expect(book.apply(delta(6, 7, [], [["100", "1"]], 0))).toBe("gap");
    expect(book.isLive).toBe(false);
    expect(book.apply(delta(7, 8, [], [["101", "1"]], 0))).toBeNull();
    expect(book.asks).toEqual([]);
    expect(book.apply(snapshot(9, [["98", "1"]], []))).toBeNull();
    expect(book.isLive).toBe(true);
  });

  it("finds a checksum that is another", () => {
    const book = new FollowedBook(DECIMALS);
    book.apply(snapshot(5, [["99", "1"]], []));
    expect(book.apply(delta(5, 6, [["98", "1"]], [], 1))).toBe("checksum");
    expect(book.isLive).toBe(false);
  });

  it("orders prices by their value and not by their text", () => {
    const book = new FollowedBook(DECIMALS);
    const bids: [string, string][] = [["1000", "1"], ["999.999", "1"], ["99.5", "1"]];
    expect(book.apply(snapshot(1, bids, []))).toBeNull();
    expect(book.bids.map((level) => level.units)).toEqual([1000000n, 999999n, 99500n]);
  });
});

describe("grouping", () => {
  const bids = levelsOf([["99.9", "1"], ["99.2", "2"], ["98.7", "4"]], DECIMALS);
  const asks = levelsOf([["100.1", "1"], ["100.9", "2"], ["101", "4"], ["101.001", "8"]], DECIMALS);

  it("merges bids downwards and asks upwards, and adds up from the best price", () => {
    const row = (rows: ReturnType<typeof grouped>): string[][] => rows.map((r) => [r.price, r.amount.toShortString(), r.cumulative.toShortString()]);
    expect(row(grouped(bids, "buy", 1000n, 5, DECIMALS))).toEqual([["99.000", "3", "3"], ["98.000", "4", "7"]]);
    expect(row(grouped(asks, "sell", 1000n, 5, DECIMALS))).toEqual([["101.000", "7", "7"], ["102.000", "8", "15"]]);
  });

  it("completes the last row that is shown", () => {
    const rows = grouped(asks, "sell", 1000n, 1, DECIMALS);
    expect(rows.map((r) => r.amount.toShortString())).toEqual(["7"]);
  });

  it("puts a deeper look behind the levels that are followed", () => {
    const near = levelsOf([["99", "1"], ["98", "1"]], DECIMALS);
    const deep = levelsOf([["99", "9"], ["98", "9"], ["97", "9"]], DECIMALS);
    expect(extended(near, deep, "buy", 2).map((l) => [l.price, l.amount])).toEqual([["99", "1"], ["98", "1"], ["97", "9"]]);
  });

  it("takes nothing of a deeper look where the whole side is followed: it may be gone", () => {
    const near = levelsOf([["99", "1"]], DECIMALS);
    const deep = levelsOf([["99", "9"], ["97", "9"]], DECIMALS);
    expect(extended(near, deep, "buy", 2)).toEqual(near);
    expect(extended(near, deep, "buy", 2)).not.toBe(near);
    expect(extended([], deep, "buy", 2)).toEqual([]);
  });
});

describe("sweeping the book", () => {
  const asks = levelsOf([["100", "1"], ["101", "2"]], DECIMALS);
  const swept = (amount: string, limit: string | null): string[] => {
    const found = sweep(asks, Decimal.from(amount), limit === null ? null : Decimal.from(limit), "buy");
    return [found.amount.toShortString(), found.total.toShortString()];
  };

  it.each([
    ["0.5", null, ["0.5", "50"]],
    ["2", null, ["2", "201"]],
    ["9", null, ["3", "302"]],
    ["2", "100", ["1", "100"]],
    ["2", "99.9", ["0", "0"]],
  ])("%s with limit %s", (amount, limit, expected) => {
    expect(swept(amount, limit)).toEqual(expected);
  });
});
