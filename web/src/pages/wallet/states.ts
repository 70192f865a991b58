// The states of money that moves, in words.

import type { Deposit, Withdrawal } from "../../api/generated";

export interface StateWords {
  words: string;
  tone: "plain" | "good" | "warning" | "bad" | "accent";
}

/** Milliseconds between two looks while something is on its way. */
export const NEWS_EVERY = 4_000;

export const STATUS: Record<Deposit["status"], StateWords> = {
  pending: { words: "waits for confirmations", tone: "warning" },
  done: { words: "credited", tone: "good" },
  cancelled: { words: "cancelled", tone: "bad" },
};

export const WITHDRAWAL: Record<Withdrawal["status"], StateWords> = {
  waiting: { words: "waits to be sent", tone: "plain" },
  approval: { words: "waits for approval", tone: "warning" },
  sent: { words: "on its way", tone: "accent" },
  done: { words: "arrived", tone: "good" },
  cancelled: { words: "cancelled", tone: "bad" },
};

export const isUnderWay = (row: Withdrawal): boolean => row.status !== "done" && row.status !== "cancelled";
export const isCancellable = (row: Withdrawal): boolean => row.status === "waiting" || row.status === "approval";
