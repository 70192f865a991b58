// Every page: its path's first part (as in paths.json, from which the server knows it), its title, who may see it, and how it is loaded.

import type { Component } from "svelte";

export type Audience = "everybody" | "user" | "operator";

export interface Page {
  path: string;
  title: string;
  audience: Audience;
  /** Stands in the navigation, in this order. */
  inNavigation: boolean;
  load: () => Promise<{ default: Component }>;
}

export const PAGES: readonly Page[] = [
  { path: "trade", title: "Trade", audience: "everybody", inNavigation: true, load: () => import("./trade/Trade.svelte") },
  { path: "markets", title: "Markets", audience: "everybody", inNavigation: true, load: () => import("./markets/Markets.svelte") },
  { path: "wallet", title: "Wallet", audience: "user", inNavigation: true, load: () => import("./wallet/Wallet.svelte") },
  { path: "security", title: "Keys and security", audience: "user", inNavigation: true, load: () => import("./security/Security.svelte") },
  { path: "merchant", title: "Merchant", audience: "user", inNavigation: true, load: () => import("./merchant/Merchant.svelte") },
  { path: "pay", title: "Pay", audience: "user", inNavigation: false, load: () => import("./merchant/Pay.svelte") },
  { path: "programs", title: "API", audience: "user", inNavigation: true, load: () => import("./programs/Programs.svelte") },
  { path: "books", title: "Books", audience: "everybody", inNavigation: true, load: () => import("./books/Books.svelte") },
  { path: "operator", title: "Operator", audience: "operator", inNavigation: true, load: () => import("./operator/Operator.svelte") },
  { path: "login", title: "Log in", audience: "everybody", inNavigation: false, load: () => import("./login/LogIn.svelte") },
  { path: "sign-up", title: "Sign up", audience: "everybody", inNavigation: false, load: () => import("./login/SignUp.svelte") },
];

export function pageAt(path: string): Page | undefined {
  return PAGES.find((page) => page.path === path);
}
