// Ed25519 public keys as people have them, and a private key as programs read it.

/** What comes before the 32 bytes of a public key in DER (RFC 8410). */
const SPKI_PREFIX = "302a300506032b6570032100";

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The 64 hex digits of a public key that is written as hex, as PEM (`BEGIN PUBLIC KEY`) or as base64, raw or with its prefix; null when it is none. */
export function publicKeyOf(text: string): string | null {
  const bare = text.replace(/-----(BEGIN|END) PUBLIC KEY-----/g, "").replace(/\s+/g, "");
  if (/^[0-9a-f]{64}$/i.test(bare)) return bare.toLowerCase();
  if (!/^[A-Za-z0-9+/]{42,60}={0,2}$/.test(bare)) return null;
  let hex: string;
  try {
    hex = hexOf(Uint8Array.from(atob(bare), (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
  if (hex.length === 88 && hex.startsWith(SPKI_PREFIX)) return hex.slice(SPKI_PREFIX.length);
  return hex.length === 64 ? hex : null;
}

/** PKCS#8 bytes as PEM. */
function pemOf(privateKey: Uint8Array): string {
  const text = btoa(String.fromCharCode(...privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${text.replace(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
}

/** What a private key is called in the programs and as a file. */
export const privateKeyFile = (key: string): string => `cambist-${key.slice(0, 8)}.pem`;

export interface KeyPair {
  /** 64 hex digits. */
  publicKey: string;
  /** PKCS#8 in PEM. */
  privateKey: string;
}

/** A new pair from the browser's own generator; null where the browser has no Ed25519, or the page is not in a secure context. */
export async function newKeyPair(): Promise<KeyPair | null> {
  try {
    const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
    const publicKey = hexOf(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
    return { publicKey, privateKey: pemOf(new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey))) };
  } catch {
    return null;
  }
}
