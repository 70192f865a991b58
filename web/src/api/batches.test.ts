import { expect, it } from "vitest";
import { Batches } from "./batches";

/** A clock moved by hand, and what was given with the time at which it was. */
class Rig {
  time = 0;
  given: [number, string[]][] = [];
  private waiting: { at: number; called: () => void }[] = [];
  readonly batches = new Batches({
    now: () => this.time,
    later: (called, milliseconds) => this.waiting.push({ at: this.time + milliseconds, called }),
    take: (texts) => this.given.push([this.time, texts]),
  });

  until(time: number): void {
    while (this.time < time) {
      this.time += 1;
      for (const { called } of this.waiting.filter(({ at }) => at <= this.time)) called();
      this.waiting = this.waiting.filter(({ at }) => at > this.time);
    }
  }
}

it("gives what comes after a silence at once", () => {
  const rig = new Rig();
  rig.batches.add("a");
  rig.until(100);
  rig.batches.add("b");
  expect(rig.given).toEqual([
    [0, ["a"]],
    [100, ["b"]],
  ]);
});

it("puts together what follows closely, in order", () => {
  const rig = new Rig();
  for (const text of ["a", "b", "c"]) rig.batches.add(text);
  rig.until(30);
  rig.batches.add("d");
  rig.until(100);
  expect(rig.given).toEqual([
    [0, ["a"]],
    [40, ["b", "c", "d"]],
  ]);
});

it("gives the rest when nothing more comes", () => {
  const rig = new Rig();
  rig.batches.add("a");
  rig.batches.add("b");
  rig.batches.give();
  rig.batches.give();
  rig.until(100);
  expect(rig.given).toEqual([
    [0, ["a"]],
    [0, ["b"]],
  ]);
});
