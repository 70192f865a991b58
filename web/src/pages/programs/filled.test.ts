import { expect, it } from "vitest";
import { filled } from "./filled";

it.each<[string, string, Record<string, string>, string]>([
  ["everything that is known", 'URL = "<url>/tapi"; KEY = "<key>"', { key: "K" }, 'URL = "http://venue/tapi"; KEY = "K"'],
  ["words in the place of what is not", 'SECRET = "<secret>"', { key: "K" }, 'SECRET = "YOUR-SECRET"'],
  ["nothing into what only looks like a place", "a < b && c > d; x => <B>", {}, "a < b && c > d; x => <B>"],
  ["a credential with signs of its own", "<secret>", { secret: "$&<key>" }, "$&<key>"],
])("puts in %s", (_situation, text, credentials, expected) => expect(filled(text, "http://venue", credentials)).toBe(expected));
