// A payment's states in words.

import type { MerchantOrder, NoticeAttempts } from "../../api/generated";

export const PAYMENT: Record<MerchantOrder["status"], { words: string; tone: "plain" | "good" | "warning" | "bad" | "accent"; means: string }> = {
  open: { words: "open", tone: "accent", means: "Nothing has been paid yet." },
  partial: { words: "partly paid", tone: "warning", means: "Something was paid, and something is missing." },
  paid: { words: "paid", tone: "good", means: "Everything was paid." },
  cancelled: { words: "cancelled", tone: "bad", means: "It ended unpaid." },
  closed: { words: "closed", tone: "plain", means: "It takes no more payments." },
};

/** What a notice tells. */
export const NOTICE: Record<NoticeAttempts["status"], string> = {
  partial: "partly paid",
  paid: "paid",
  cancelled: "cancelled",
  closed: "closed",
};
