// How what operators see is worded.

import type { Approval } from "../../api/generated";

/** Whether a change was not done yet, because another operator must ask for the same. */
export function awaitsApproval(reply: object): reply is Approval {
  return "asked_by" in reply && "operation" in reply;
}

const OPERATIONS: Record<string, string> = {
  "user.role": "Change a role",
  "user.add": "Add a user",
  "user.password": "Set a password",
  "user.erase": "Erase a user",
  "operator.create": "Make an operator",
  "operator.reset": "Let an operator in again",
  "user.freeze": "Freeze a user",
  "user.unfreeze": "Let a user in again",
  "withdrawal.approve": "Let a withdrawal go",
  "withdrawal.refuse": "Refuse a withdrawal",
  "order.cancel": "Cancel orders",
  "order.cancel-all": "Cancel all orders of a user",
  "market.status": "Halt or open a market",
  "market.terms": "Change a market's limits or fees",
  "market.create": "Create a market",
  "asset.create": "Create an asset",
  "fees.set": "Set a user's fees",
  "key.create": "Make a key",
  "key.renew": "Renew a key",
  "key.reveal": "Show a key's secret",
  "key.revoke": "Revoke a key",
  "second-factor.enrol": "Set one-time codes up",
  "second-factor.confirm": "Switch one-time codes on",
  "second-factor.remove": "Remove codes and passkeys",
  fund: "Book money that came",
  "deposit.simulate": "Simulate a deposit",
  "market.link": "Link markets",
  "market.unlink": "Unlink a market",
  "rates.set": "Set conversion rates",
  backup: "Write a backup",
  "backup.start": "Start a backup",
  "approval.withdraw": "Take back what waits for a second operator",
  snapshot: "Write a snapshot",
};

/** An operation in words; its own name when it has none here. `said`: what it was asked with, where that tells which of two it was. */
export function operationWords(name: string, said: Record<string, unknown> = {}): string {
  if (name === "market.status" && typeof said["halted"] === "boolean") return said["halted"] ? "Halt a market" : "Open a market";
  return OPERATIONS[name] ?? name;
}

/** What came of an operation: done, waiting, unknown, or the code of what refused it as words. */
export function outcomeWords(outcome: string): string {
  if (outcome === "done") return "done";
  if (outcome === "waiting") return "waits for a second operator";
  if (outcome === "unknown") return "outcome unknown";
  return `refused: ${outcome.replaceAll("-", " ")}`;
}

/** A record's text with the name of each @N in it, where `names` knows one. */
export function withNames(text: string, names: Record<string, string>): string {
  return text.replace(/(?<!\S)@\d{1,10}(?!\S)/g, (found) => names[found] ?? found);
}

/** A text of a stranger's in which nothing is unseen: what turns the direction of letters, or has no width, is spelled out. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\u${found.codePointAt(0)?.toString(16).padStart(4, "0")}`);
}

/** What an operation was asked with, on one line: "user alice, role operator". What was left out is left out. */
export function argumentWords(said: Record<string, unknown>): string {
  return Object.entries(said)
    .filter(([, value]) => value !== null && value !== "" && value !== false)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .map(plain)
    .join(" · ");
}
