// What keys mean on the trade page, and the intervals that it offers.

export const INTERVALS = [
  { seconds: 60, text: "1m" },
  { seconds: 300, text: "5m" },
  { seconds: 900, text: "15m" },
  { seconds: 3_600, text: "1h" },
  { seconds: 14_400, text: "4h" },
  { seconds: 86_400, text: "1d" },
] as const;

export type Meaning =
  | { do: "side"; side: "buy" | "sell" }
  | { do: "move"; ticks: number }
  | { do: "submit" }
  | { do: "clear" }
  | { do: "cancel-all" }
  | { do: "help" }
  | { do: "search" };

interface Pressed {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  defaultPrevented: boolean;
  target: EventTarget | null;
}

/** Where letters are typed, as they are to find what a list offers: there only Escape means something. Fields of numbers take no letters, so the keys of sides work in them. */
type Place = "text" | "number" | "control" | "nothing";

function placeOf(target: EventTarget | null): Place {
  const element = target as { tagName?: string; inputMode?: string; type?: string } | null;
  const tag = element?.tagName ?? "";
  if (tag === "INPUT") return element?.inputMode === "decimal" ? "number" : element?.type === "checkbox" ? "control" : "text";
  if (tag === "TEXTAREA" || tag === "SELECT") return "text";
  return tag === "BUTTON" || tag === "A" ? "control" : "nothing";
}

export function keyMeaning(event: Pressed): Meaning | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key === "Escape") return { do: "clear" };
  const place = placeOf(event.target);
  if (place === "text") return null;
  switch (event.key) {
    case "b":
    case "B":
      return { do: "side", side: "buy" };
    case "s":
    case "S":
      return { do: "side", side: "sell" };
    case "C":
      return event.shiftKey ? { do: "cancel-all" } : null;
    case "?":
      return { do: "help" };
    case "/":
      return { do: "search" };
  }
  if (place === "control") return null;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") return { do: "move", ticks: (event.key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 10 : 1) };
  return event.key === "Enter" && place === "nothing" ? { do: "submit" } : null;
}
