// Sends calls to the server that the page came from. The session's cookie speaks for the user; what changes something says the CSRF token.

import type { Call } from "./call";
import type { Problem } from "./generated";

export const BASE = "/cambist/v1";
const PATIENCE = 20_000;

/** The server said no, in its one shape for that; or it could not be reached, under the code `unreachable`. */
export class ApiProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }

  get code(): string {
    return this.problem.code;
  }

  /** Which field of the request is wrong. */
  get field(): string | null {
    return this.problem.field;
  }
}

function unreachable(detail: string): ApiProblem {
  const type = "about:blank";
  const rest = { field: null, order_id: null, retry_after: null };
  return new ApiProblem({ type, title: "Unreachable", status: 0, code: "unreachable", detail, retryable: true, ...rest });
}

/** Somebody was asked who they are and would not say. */
export class ProofDeclined extends Error {
  constructor() {
    super("Nothing was done: you did not confirm that it is you.");
  }
}

let csrfToken = "";
let onUnauthenticated: () => void = () => undefined;
let askForProof: () => Promise<boolean> = () => Promise.resolve(false);

/** What goes into the field `cambist-csrf` from now on; empty after a logout. */
export function sayCsrfToken(token: string): void {
  csrfToken = token;
}

/** Has this called when the server says that nobody is logged in. */
export function whenUnauthenticated(called: () => void): void {
  onUnauthenticated = called;
}

/** Has this asked when the server wants to know once more who it is; true once it knows. */
export function whenProofIsRequired(asked: () => Promise<boolean>): void {
  askForProof = asked;
}

/** A key for a change that shall happen once, however often it is sent. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The reply. ApiProblem when there is none. What a stolen session must not do answers `proof-required`: then who is there is asked, and it
 * is sent again, under the same Idempotency-Key; ProofDeclined when they will not say.
 */
export async function send<T>(call: Call<T>, idempotencyKey = newIdempotencyKey()): Promise<T> {
  try {
    return await sendUntilAnswered(call, idempotencyKey);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.code !== "proof-required") throw error;
  }
  if (!(await askForProof())) throw new ProofDeclined();
  return await sendUntilAnswered(call, idempotencyKey);
}

/** A change that got no reply is sent once more under the same Idempotency-Key: the server does it once. */
async function sendUntilAnswered<T>(call: Call<T>, idempotencyKey: string): Promise<T> {
  try {
    return await sendOnce(call, idempotencyKey);
  } catch (error) {
    const lost = error instanceof ApiProblem && error.code === "unreachable" && navigator.onLine && csrfToken !== "";
    if (!lost || call.method === "GET") throw error;
    return await sendOnce(call, idempotencyKey);
  }
}

async function sendOnce<T>(call: Call<T>, idempotencyKey: string): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (call.body !== undefined) headers["content-type"] = "application/json";
  if (call.method !== "GET" && csrfToken !== "") {
    headers["cambist-csrf"] = csrfToken;
    headers["idempotency-key"] = idempotencyKey;
  }
  let response: Response;
  try {
    response = await fetch(BASE + call.path, {
      method: call.method,
      headers,
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  } catch {
    throw unreachable(`The server cannot be reached.${call.method === "GET" ? "" : " Whether this was done is not known."}`);
  }
  const text = await response.text().catch(() => "");
  if (response.ok) return JSON.parse(text) as T;
  const problem = problemOf(text, response.status);
  if (problem.code === "unauthenticated") onUnauthenticated();
  throw new ApiProblem(problem);
}

function problemOf(text: string, status: number): Problem {
  try {
    const said = JSON.parse(text) as Problem;
    if (typeof said.code === "string" && typeof said.detail === "string") return said;
  } catch {
    // A proxy's page, or half a reply: worded below.
  }
  return unreachable(`The server answered with status ${status} and no reason.`).problem;
}

/** What went wrong, in a sentence for people. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
