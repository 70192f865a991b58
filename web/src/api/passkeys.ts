// The browser's passkeys (Web Authentication): from the server's options to what the server takes.

import type { CreatedCredential, PasskeyCreationOptions, PasskeyRequestOptions, SignedCredential } from "./generated";

/** The owner closed the browser's question, or let it time out. */
export class PasskeyDeclined extends Error {
  constructor() {
    super("The browser was given no passkey.");
  }
}

/** Whether this browser has passkeys at this address: only with TLS, or at `localhost`, and never at a bare address. */
export function arePasskeysPossible(): boolean {
  const isBareAddress = /^[\d.]+$|^\[/.test(location.hostname);
  return window.isSecureContext && !isBareAddress && typeof PublicKeyCredential !== "undefined";
}

const base64url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

/** A new passkey. PasskeyDeclined; Error with a sentence when this authenticator has one of them already. */
export async function makePasskey(options: PasskeyCreationOptions): Promise<CreatedCredential> {
  const made = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytesOf(options.challenge),
        user: { ...options.user, id: bytesOf(options.user.id) },
        excludeCredentials: options.excludeCredentials.map((one) => ({ ...one, id: bytesOf(one.id) })),
      },
    }),
  );
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    rawId: base64url(made.rawId),
    type: "public-key",
    response: { clientDataJSON: base64url(response.clientDataJSON), attestationObject: base64url(response.attestationObject) },
  };
}

/** A passkey's signature. PasskeyDeclined. */
export async function usePasskey(options: PasskeyRequestOptions): Promise<SignedCredential> {
  const used = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: bytesOf(options.challenge),
        allowCredentials: options.allowCredentials.map((one) => ({ ...one, id: bytesOf(one.id) })),
      },
    }),
  );
  const response = used.response as AuthenticatorAssertionResponse;
  return {
    id: used.id,
    rawId: base64url(used.rawId),
    type: "public-key",
    response: {
      clientDataJSON: base64url(response.clientDataJSON),
      authenticatorData: base64url(response.authenticatorData),
      signature: base64url(response.signature),
      userHandle: response.userHandle === null ? null : base64url(response.userHandle),
    },
  };
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let given: Credential | null;
  try {
    given = await ask();
  } catch (error) {
    if (error instanceof DOMException && error.name === "InvalidStateError") throw new Error("This device has a passkey of yours already.");
    throw new PasskeyDeclined();
  }
  if (!(given instanceof PublicKeyCredential)) throw new PasskeyDeclined();
  return given;
}
