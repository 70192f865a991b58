import { describe, expect, it } from "vitest";
import { httpText, indented, readable } from "./wire-text";

describe("JSON on lines of its own", () => {
  it("indents members and items", () => {
    expect(indented('{"success":1,"return":{"rows":[1,{"a":"b"}]}}')).toBe(
      '{\n  "success": 1,\n  "return": {\n    "rows": [\n      1,\n      {\n        "a": "b"\n      }\n    ]\n  }\n}',
    );
  });

  it.each([
    ["numbers keep every digit", "1.00000000"],
    ["numbers larger than a float's", "123456789012345678901234567890"],
    ["what stands in a text", '"a{b}[c],d:e \\" \\\\"'],
    ["words", "null"],
  ])("%s", (_what, token) => expect(indented(`{"x":${token}}`)).toBe(`{\n  "x": ${token}\n}`));

  it.each(["{}", "[]", '{"a":{},"b":[]}'])("what is empty stays on one line: %s", (text) => expect(indented(text).replaceAll(/\n\s*/g, "")).toBe(text.replaceAll(":", ": ")));

  it("leaves alone what is no JSON", () => expect(indented("plain words, here: x")).toBe("plain words, here: x"));
});

describe("requests", () => {
  it("have a field of a form a line", () => expect(readable("method=Trade&nonce=<nonce>&pair=btc_usd")).toBe("method=Trade\n&nonce=<nonce>\n&pair=btc_usd"));

  it("are written as HTTP writes them", () => {
    const request = { method: "POST", path: "/tapi", headers: [{ name: "Key", value: "<key>" }], body: '{"a":1}' };
    expect(httpText(request)).toBe('POST /tapi\nKey: <key>\n\n{"a":1}');
    expect(httpText(request, readable)).toBe('POST /tapi\nKey: <key>\n\n{\n  "a": 1\n}');
  });
});
