import { expect, it } from "vitest";
import paths from "../paths.json";
import { PAGES } from "./registry";

it("has a page for each path that the server knows, and no other", () => {
  expect(PAGES.map((page) => page.path).sort()).toEqual([...paths].sort());
});
