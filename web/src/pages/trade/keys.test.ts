import { describe, expect, it } from "vitest";
import { keyMeaning } from "./keys";

const AT = {
  nowhere: { tagName: "BODY" },
  name: { tagName: "INPUT", inputMode: "", type: "text" },
  amount: { tagName: "INPUT", inputMode: "decimal", type: "text" },
  button: { tagName: "BUTTON" },
  select: { tagName: "SELECT" },
};
const meaning = (key: string, at: keyof typeof AT = "nowhere", held: object = {}): unknown =>
  keyMeaning({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, defaultPrevented: false, target: AT[at] as unknown as EventTarget, ...held });

describe("keys", () => {
  it.each<[string, keyof typeof AT, object, unknown]>([
    ["b", "nowhere", {}, { do: "side", side: "buy" }],
    ["S", "nowhere", { shiftKey: true }, { do: "side", side: "sell" }],
    ["s", "amount", {}, { do: "side", side: "sell" }],
    ["s", "name", {}, null],
    ["s", "select", {}, null],
    ["ArrowUp", "nowhere", {}, { do: "move", ticks: 1 }],
    ["ArrowDown", "nowhere", { shiftKey: true }, { do: "move", ticks: -10 }],
    ["ArrowDown", "select", {}, null],
    ["Enter", "nowhere", {}, { do: "submit" }],
    ["Enter", "amount", {}, null],
    ["Enter", "button", {}, null],
    ["C", "nowhere", { shiftKey: true }, { do: "cancel-all" }],
    ["c", "nowhere", {}, null],
    ["c", "nowhere", { ctrlKey: true }, null],
    ["?", "button", { shiftKey: true }, { do: "help" }],
    ["/", "nowhere", {}, { do: "search" }],
    ["/", "name", {}, null],
    ["Escape", "name", {}, { do: "clear" }],
  ])("%s at %s %j", (key, at, held, expected) => expect(meaning(key, at, held)).toEqual(expected));
});
