import { describe, expect, it } from "vitest";
import { FollowedRows } from "./own";

interface Row {
  id: string;
  open: boolean;
  filled: number;
}

const row = (id: string, filled = 0, open = true): Row => ({ id, filled, open });
const rows = (): FollowedRows<Row> => new FollowedRows((one) => one.id, (one) => one.open);

describe("rows of one's own", () => {
  it("begin with a snapshot, which may have parts", () => {
    const found = rows();
    found.snapshot(10, [row("1")]);
    found.snapshot(10, [row("2")]);
    expect(found.all().map((one) => one.id)).toEqual(["1", "2"]);
  });

  it("have what came early with a higher sequence, and not what the snapshot has already", () => {
    const found = rows();
    found.change(9, [row("1", 5)]);
    found.change(11, [row("1", 7)]);
    found.snapshot(10, [row("1", 6)]);
    expect(found.all()).toEqual([row("1", 7)]);
  });

  it("replace and remove whole rows", () => {
    const found = rows();
    found.snapshot(10, [row("1"), row("2")]);
    expect(found.change(10, [row("1", 9)])).toBe(false);
    expect(found.change(11, [row("1", 1)])).toBe(true);
    found.change(12, [row("2", 0, false), row("3")]);
    expect(found.all()).toEqual([row("1", 1), row("3")]);
  });

  it("begin anew after an interruption", () => {
    const found = rows();
    found.snapshot(10, [row("1")]);
    found.interrupt();
    expect(found.change(11, [row("2")])).toBe(false);
    found.snapshot(12, [row("3")]);
    expect(found.all()).toEqual([row("3")]);
  });
});
