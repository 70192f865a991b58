import { expect, it } from "vitest";
import { newKeyPair, publicKeyOf } from "./ed25519";

const HEX = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"; // RFC 8032, test 1
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const base64Of = (hex: string): string => btoa(String.fromCharCode(...bytesOf(hex)));
const SPKI = base64Of("302a300506032b6570032100" + HEX);

it.each<[string, string, string | null]>([
  ["hex", HEX, HEX],
  ["hex in capitals, with blanks around", ` ${HEX.toUpperCase()}\n`, HEX],
  ["raw base64", base64Of(HEX), HEX],
  ["PEM", `-----BEGIN PUBLIC KEY-----\n${SPKI}\n-----END PUBLIC KEY-----\n`, HEX],
  ["PEM without its lines", SPKI, HEX],
  ["nothing", "", null],
  ["a digit less", HEX.slice(1), null],
  ["a key of another kind", base64Of("302a300506032b6571032100" + HEX), null],
  ["a private key", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----", null],
])("reads a public key written as %s", (_situation, text, hex) => expect(publicKeyOf(text)).toBe(hex));

it("makes a pair that fits together, its private half as PEM", async () => {
  const pair = await newKeyPair();
  expect(pair?.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END PRIVATE KEY-----\n$/);
  const der = Uint8Array.from(atob((pair?.privateKey ?? "").replace(/-----[A-Z ]+-----|\n/g, "")), (character) => character.charCodeAt(0));
  const privateKey = await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
  const publicKey = await crypto.subtle.importKey("raw", bytesOf(pair?.publicKey ?? ""), "Ed25519", false, ["verify"]);
  const message = new TextEncoder().encode("a message");
  expect(await crypto.subtle.verify("Ed25519", publicKey, await crypto.subtle.sign("Ed25519", privateKey, message), message)).toBe(true);
});
