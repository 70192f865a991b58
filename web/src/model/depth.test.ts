import { expect, it } from "vitest";
import { levelsOf } from "./book";
import { depthOf } from "./depth";

const bids = levelsOf([["99", "1"], ["98", "3"]], 0);
const asks = levelsOf([["101", "2"], ["102", "2"]], 0);

it("draws both sides as steps from the middle outwards", () => {
  const depth = depthOf(bids, asks);
  expect(depth).toMatchObject({ low: 98n, middle: 100n, high: 102n });
  expect(depth?.most.toShortString()).toBe("4");
  expect(depth?.bids).toBe("M250.0 1000H250.0V765.0H0.0V60.0H0V1000Z");
  expect(depth?.asks).toBe("M750.0 1000H750.0V530.0H1000.0V60.0H1000V1000Z");
});

it("is nothing without both sides", () => {
  expect(depthOf(bids, [])).toBeNull();
  expect(depthOf([], asks)).toBeNull();
});
