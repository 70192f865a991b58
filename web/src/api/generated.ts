// The native API's types, and a function for each endpoint. Made by scripts/web_api.py from the server's types: do not edit.

import type { Call } from "./call";
import { call } from "./call";

/** An exact decimal number as text. */
export type Decimal = string;

/** A part of a list, newest first. `next` is the cursor of the part behind it, null when there is no more. */
export interface Page<T> {
  rows: T[];
  next: string | null;
}

/** What a new order of the account would pay in a market, in millionths of what it receives. `own`: not the market's rates. */
export interface AccountFees {
  market: string;
  maker_ppm: number;
  taker_ppm: number;
  own: boolean;
}

/** What goes on, in the last `seconds`, which are at most 60. `queue`: commands applied and not yet on disk, `queue_age`: how long the oldest of them waits, µs. */
export interface Activity {
  time: number;
  seconds: number;
  commands: number;
  orders: number;
  orders_rejected: number;
  trades: number;
  replies: LatencySeries;
  syncs: Latency;
  dialects: DialectActivity[];
  connections: number;
  sockets: number;
  queue: number;
  queue_age: number;
  memory: number;
}

export interface AllCancelled {
  count: number;
}

/** `operation` waits until another operator asks for the same, which `arguments` say. `asked` in µs; after a week it is forgotten. */
export interface Approval {
  id: number;
  operation: string;
  arguments: Record<string, unknown>;
  asked_by: string;
  asked: number;
}

/** `decimals` of the ledger, of which `display_decimals` are shown to people and sent by coin networks. `network`: null for what is on none, such as money of banks. */
export interface Asset {
  code: string;
  decimals: number;
  display_decimals: number;
  network: CoinNetwork | null;
}

/** Where all of an asset is. `users`: what the venue owes to its users, `held` of it in orders and withdrawals that wait. `fees`: what it earned. `withdrawals`: on its way out. `coupons`: made and not redeemed. `conversion`: what linked markets convert with. `world`: what came in from outside, negative. `total`: all of these together but `held`, which is a part of `users`: 0, or the books are wrong. */
export interface AssetBooks {
  asset: string;
  users: Decimal;
  held: Decimal;
  fees: Decimal;
  withdrawals: Decimal;
  coupons: Decimal;
  conversion: Decimal;
  world: Decimal;
  total: Decimal;
}

/** An asset: `scale` decimals in the ledger, `display_scale` of them shown. */
export interface AssetListing {
  code: string;
  scale: number;
  display_scale: number;
}

export interface AssetRow {
  code: string;
  scale: number;
  display_scale: number;
}

/** Newest first. `next`: the cursor of what is behind, None when there is nothing. Records have people as @N, the number of their account. `names`: by that text, the names of those who are still there. */
export interface AuditPage {
  rows: AuditRecord[];
  next: string | null;
  names: Record<string, string>;
}

/** An operation that was asked for, joined with its end. `outcome` is "done", a rejection's code, or "unknown" without an end. */
export interface AuditRecord {
  record: number;
  time: number;
  by: string;
  operation: string;
  arguments: Record<string, unknown>;
  outcome: string;
  account: number | null;
}

/** What an authenticator must do: keep the passkey itself, and ask its owner for a finger, a face or a PIN. */
export interface AuthenticatorSelection {
  residentKey: "required";
  requireResidentKey: boolean;
  userVerification: "required";
}

/** A backup that lies in the venue's directory for backups: up to which command, its size in bytes, and when it was made (µs). */
export interface BackupFile {
  directory: string;
  seq: number;
  bytes: number;
  time: number;
}

/** The backup that was started last. Times in µs; `ended` None while it runs. `text`: why it failed. */
export interface BackupState {
  directory: string;
  state: "done" | "failed" | "running";
  started: number;
  started_by: string;
  ended: number | null;
  text: string;
}

/** `last`: the one that was started last since the venue started, None when none was. `files`: those that lie there, newest first. `configured`: whether the configuration names a directory for them. */
export interface Backups {
  configured: boolean;
  last: BackupState | null;
  files: BackupFile[];
}

/** `held` by open orders and by what is on its way out; `total` is both. */
export interface Balance {
  asset: string;
  available: Decimal;
  held: Decimal;
  total: Decimal;
}

/** Decimal texts; `total` is both together. */
export interface BalanceRow {
  asset: string;
  available: string;
  held: string;
  total: string;
}

/** The books after the command `sequence` of the journal. Each account was added up for it. `state_hash`: of the whole state then (BLAKE3, 64 hex digits), as whoever replays the journal up to there finds it too. */
export interface BalanceSheet {
  sequence: number;
  time: number;
  state_hash: string;
  assets: AssetBooks[];
}

/** Balances that the command of that sequence changed, as they are after it. */
export interface BalancesChanged {
  type: "balances";
  topic: string;
  sequence: number;
  balances: Balance[];
}

/** All balances as of the command of that sequence. */
export interface BalancesSnapshot {
  type: "balances-snapshot";
  topic: string;
  sequence: number;
  balances: Balance[];
}

/** Durable levels. `sequence` grows with every change of the whole book and begins anew when the server starts. */
export interface Book {
  market: string;
  sequence: number;
  time: number;
  bids: [Decimal, Decimal][];
  asks: [Decimal, Decimal][];
}

/** Levels that changed, each with its amount now, "0" for one that is gone from the window. */
export interface BookDelta {
  type: "book-delta";
  topic: string;
  market: string;
  previous: number;
  sequence: number;
  time: number;
  checksum: number;
  bids: [Decimal, Decimal][];
  asks: [Decimal, Decimal][];
}

/** `depth`: levels a side, best first; `step`: prices are merged into multiples of so many ticks. */
export interface BookQuery {
  depth?: number;
  step?: number;
}

/** The best levels a side as they are. */
export interface BookSnapshot {
  type: "book-snapshot";
  topic: string;
  market: string;
  sequence: number;
  time: number;
  checksum: number;
  bids: [Decimal, Decimal][];
  asks: [Decimal, Decimal][];
}

/** When all orders will be cancelled; null when they will not. */
export interface CancelAfter {
  due: number | null;
}

/** All orders of an account, in one market or in all. */
export interface CancelAll {
  user: string;
  market?: string | null;
}

/** Which orders: of one market, of one side; all when neither is named. */
export interface CancelQuery {
  market?: string | null;
  side?: "buy" | "sell" | null;
}

/** Trades of [start, start + interval): first price, highest, lowest, last. `total` is the quote traded. Only those with trades. */
export interface Candle {
  start: number;
  open: Decimal;
  high: Decimal;
  low: Decimal;
  close: Decimal;
  amount: Decimal;
  total: Decimal;
  trades: number;
}

/** Candles that changed, oldest first, as they are now. */
export interface Candles {
  type: "candles";
  topic: string;
  market: string;
  interval: number;
  candles: Candle[];
}

/** Candles of `interval` seconds that begin in [start, end), both in seconds since 1970; the newest `limit` of them. */
export interface CandlesQuery {
  interval?: number;
  start?: number | null;
  end?: number | null;
  limit?: number;
}

/** `password` is the present one; `code` where one-time codes are on. */
export interface ChangePassword {
  password: string;
  new_password: string;
  code?: string | null;
}

/** What coins cost on their way out (`withdrawal_fee`, part of the amount that is asked for), the smallest withdrawal, and how many `confirmations` a deposit needs. */
export interface CoinNetwork {
  confirmations: number;
  withdrawal_fee: Decimal;
  min_withdrawal: Decimal;
}

/** How the venue and its files are. `ready`: nothing speaks against sending it orders; `reasons`: what does. `degraded`: what does not work although people can trade. `history_seq`, `wallet_seq` and `merchant_seq`: how far these views are behind the journal's `durable_seq`. Sizes in bytes; `started` in µs. `unwritable`: files that cannot be written just now. */
export interface Condition {
  version: string;
  started: number;
  ready: boolean;
  reasons: string[];
  degraded: string[];
  history_seq: number;
  wallet_seq: number;
  merchant_seq: number;
  journal_bytes: number;
  journal_files: number;
  disk_free: number;
  disk_size: number;
  unwritable: string[];
  snapshots: SnapshotFile[];
}

/** The app's first code. */
export interface ConfirmCode {
  code: string;
}

/** One that one made; not its code, which nobody keeps. */
export interface Coupon {
  transfer_id: string;
  asset: string;
  amount: Decimal;
  receiver: string | null;
  redeemed: boolean;
  created: number;
}

/** Whoever has the code has the money. It is shown here and never again. */
export interface CouponCreated {
  code: string;
  asset: string;
  amount: Decimal;
  transfer_id: string;
}

/** What it brought. */
export interface CouponRedeemed {
  asset: string;
  amount: Decimal;
  transfer_id: string;
}

/** `receiver`: the name of the only user who may redeem it. `code`: one's own choice of at least 32 letters and digits drawn at random: whoever repeats a request whose reply was lost then makes no second coupon, also after a restart of the server. */
export interface CreateCoupon {
  asset: string;
  amount: Decimal;
  receiver?: string | null;
  code?: string | null;
}

/** `addresses`: from where alone the key may be used, addresses or networks; none for anywhere. `public_key`: an Ed25519 key, 64 hex digits, whose private half stays with its owner; for the native API alone. */
export interface CreateKey {
  api: string;
  scopes?: string[] | null;
  addresses?: string[];
  public_key?: string | null;
}

/** A payment that one asks for. Payers come back to `success_url` or `failure_url`. `data` is one's own. `accounts_only`: not by coins. `repeated`: may be paid again and again. `notify_url`: where to tell of what happens to it (`MerchantNotice`). `autosell`: the market in which what is paid is sold at once, for what the market gives. */
export interface CreateMerchantOrder {
  asset: string;
  amount: Decimal;
  description: string;
  success_url: string;
  failure_url: string;
  data?: string;
  accounts_only?: boolean;
  repeated?: boolean;
  notify_url?: string | null;
  autosell?: string | null;
}

/** `toJSON()` of what `navigator.credentials.create` gave. */
export interface CreatedCredential {
  id: string;
  rawId: string;
  type: "public-key";
  response: CreatedResponse;
}

/** The `response` of a credential that was created. */
export interface CreatedResponse {
  clientDataJSON: string;
  attestationObject: string;
}

/** A credential by its id, base64url. */
export interface CredentialDescriptor {
  type: "public-key";
  id: string;
}

/** One of the venue's `demo_users`. */
export interface DemoLogIn {
  name: string;
}

/** Coins that came: `pending` until they have enough confirmations. */
export interface Deposit {
  id: string;
  asset: string;
  amount: Decimal;
  address: string;
  txid: string;
  status: "cancelled" | "done" | "pending";
  created: number;
  updated: number;
}

/** Where to send coins; null when none was made yet. */
export interface DepositAddress {
  asset: string;
  address: string | null;
  qr_svg: string | null;
}

/** What one API answered: replies in the window, `errors` of them with a status of 500 or above, and since the start. */
export interface DialectActivity {
  name: string;
  replies: number;
  errors: number;
  replies_since_start: number;
}

/** The client's message with that `id` was done. `sequence`: all that commands behind it do to one's own is pushed. */
export interface Done {
  type: "done";
  id: string | null;
  op: string;
  sequence: number;
  topics: string[];
}

/** What the browser made of the options, and what the passkey is to be called. */
export interface EnrolPasskey {
  name: string;
  credential: CreatedCredential;
}

/** What an authenticator app needs: the base32 secret, or the same as an address, which the QR code (an SVG drawing) shows. */
export interface Enrolment {
  secret: string;
  uri: string;
  qr_svg: string;
}

/** One change of one balance, and why. Decimal texts, empty where something does not apply; `time` in µs. `business` is trade, hold, release or transfer; `leg` which side of a trade; `fee` what was taken off; `transfer` its id in hex. */
export interface EntryRow {
  id: number;
  time: number;
  account: number;
  user: string;
  asset: string;
  business: string;
  available_change: string;
  held_change: string;
  available: string;
  held: string;
  market: string;
  leg: string;
  price: string;
  amount: string;
  fee: string;
  order_id: number;
  reference: number;
  kind: string;
  transfer: string;
  memo: Record<string, unknown>;
}

/** The client's message with that `id` was not done. */
export interface Failed {
  type: "problem";
  id: string | null;
  problem: Problem;
}

/** What a new order pays in a market, in ppm of what it receives. */
export interface Fees {
  market: string;
  maker_ppm: number;
  taker_ppm: number;
}

/** A trade as one's own order saw it. `fee` is in `fee_asset`, what the order received. */
export interface Fill {
  trade_id: string;
  order_id: string;
  client_order_id: string | null;
  market: string;
  side: "buy" | "sell";
  role: "maker" | "taker";
  price: Decimal;
  amount: Decimal;
  total: Decimal;
  fee: Decimal;
  fee_asset: string;
  time: number;
}

/** What one's orders traded in the command of that sequence. */
export interface FillsMade {
  type: "fills";
  topic: string;
  sequence: number;
  fills: Fill[];
}

/** Of one market, of one order; all when neither is named. */
export interface FillsQuery {
  cursor?: string | null;
  limit?: number;
  market?: string | null;
  order?: string | null;
}

/** `cancel_orders`: the open orders too; otherwise they stay in the book. */
export interface FreezeUser {
  user: string;
  cancel_orders?: boolean;
}

/** `max_age_seconds` 0: rates do not age. */
export interface GroupRow {
  base: string;
  anchor: string;
  fee_ppm: number;
  max_age_seconds: number;
  markets: string[];
  rates: RateRow[];
}

/** A key without its secret. `key` is its public text; the secret can be fetched again until `secret_until`. `revealable`: now, by the server's clock. `public_key`: of an Ed25519 key, which has no secret here. */
export interface Key {
  id: string;
  api: string;
  key: string;
  scopes: string[];
  addresses: string[];
  created: number;
  secret_until: number;
  revealable: boolean;
  public_key: string | null;
}

/** An API that keys can be made for, with the scopes that it has, and those that a key gets when none are named. */
export interface KeyKind {
  api: string;
  scopes: string[];
  default_scopes: string[];
}

/** A kind of key, by its COSE number. */
export interface KeyParameter {
  type: "public-key";
  alg: number;
}

/** `repeated`: it was revoked before. */
export interface KeyRevoked {
  key: string;
  repeated: boolean;
}

export interface KeyRow {
  user: string;
  dialect: string;
  key: string;
  scopes: string[];
  ip_allow: string[];
  created: number;
}

/** `credentials`: what a client needs, by the names that people know it by. */
export interface KeyWithSecret {
  key: Key;
  credentials: Record<string, string>;
}

/** Of `count` replies or syncs: within how many µs half of them, nine of ten and 99 of a hundred were done, as far as buckets tell. None where there were none, or where it was longer than the longest bucket. */
export interface Latency {
  count: number;
  half: number | null;
  nine_tenths: number | null;
  all_but_one_percent: number | null;
}

/** Of the replies of all APIs together; `by_second`: how many left in each second, the newest last. */
export interface LatencySeries {
  count: number;
  half: number | null;
  nine_tenths: number | null;
  all_but_one_percent: number | null;
  by_second: number[];
}

/** One change of one balance. `available` and `held` are what there was after it; what does not apply is null. `counterparty`: the other user of a transfer by name. */
export interface LedgerEntry {
  id: string;
  time: number;
  asset: string;
  business: "hold" | "release" | "trade" | "transfer";
  available_change: Decimal;
  held_change: Decimal;
  available: Decimal;
  held: Decimal;
  market: string | null;
  order_id: string | null;
  trade_id: string | null;
  price: Decimal | null;
  amount: Decimal | null;
  fee: Decimal | null;
  transfer_id: string | null;
  kind: string | null;
  counterparty: string | null;
}

/** Of one asset, of one kind of business. */
export interface LedgerQuery {
  cursor?: string | null;
  limit?: number;
  asset?: string | null;
  business?: "hold" | "release" | "trade" | "transfer" | null;
}

/** Entries of one account. Ids and times (µs) are inclusive; to go on after `limit` of them, ask from the last id + 1. */
export interface ListEntries {
  user: string;
  asset?: string | null;
  first_id?: number | null;
  since?: number | null;
  until?: number | null;
  limit?: number;
  newest_first?: boolean;
}

/** `user` None: everybody's. */
export interface ListKeys {
  user?: string | null;
}

/** Everybody's, with numbers below `before` (all), in one market or all. */
export interface ListOpenOrders {
  market?: string | null;
  before?: number | null;
  limit?: number;
}

/** `state`: the open ones as the core has them, from `first_id` on; or the newest finished ones, or of all, as history has them. */
export interface ListOrders {
  user: string;
  market?: string | null;
  state?: "all" | "finished" | "open";
  first_id?: number;
  limit?: number;
}

/** All that is given must hold. `operation`: its name, or a noun as in "user". `by`: who, by name, or as records say it with or without from where; `user`: whom it was about. `since` and `until` in µs, inclusive. `cursor`: `next` of the page before. */
export interface ListRecords {
  limit?: number;
  cursor?: string | null;
  operation?: string | null;
  by?: string | null;
  user?: string | null;
  outcome?: string | null;
  since?: number | null;
  until?: number | null;
}

/** `search`: a part of the name, or @N for account N. `after`: go on behind that account. */
export interface ListUsers {
  search?: string;
  role?: "auditor" | "operator" | "support" | null;
  frozen?: boolean | null;
  after?: number;
  limit?: number;
}

/** `state`: those that wait for approval (oldest first), or the newest `limit` of all. `user` None: everybody's. */
export interface ListWithdrawals {
  user?: string | null;
  state?: "all" | "awaiting";
  limit?: number;
}

/** `code`: where one-time codes are switched on. */
export interface LogIn {
  name: string;
  password: string;
  code?: string | null;
}

/** The key was revoked, or the session ended: the topics of one's own are followed no more. */
export interface LoggedOut {
  type: "logged-out";
  topics: string[];
}

/** Signs as a request does, for the method GET, the path of the stream, no query and no body. */
export interface Login {
  op: "login";
  id?: string | null;
  key: string;
  timestamp: string;
  signature: string;
}

/** Prices in quote for one base, with `price_decimals`; amounts in base, with `amount_decimals`. Fees are ppm of what is received. Limits and fees may change, everything else never does. */
export interface Market {
  name: string;
  base: string;
  quote: string;
  status: "halted" | "open";
  price_decimals: number;
  amount_decimals: number;
  min_price: Decimal;
  max_price: Decimal;
  min_amount: Decimal;
  max_amount: Decimal;
  min_total: Decimal;
  maker_fee_ppm: number;
  taker_fee_ppm: number;
}

/** A market: `name` is base_quote in lower case; prices and amounts are decimal texts. */
export interface MarketListing {
  name: string;
  price_decimals: number;
  amount_decimals?: number;
  min_price: string;
  max_price: string;
  min_amount: string;
  max_amount: string;
  min_total?: string;
  maker_fee_ppm?: number;
  taker_fee_ppm?: number;
  self_trade?: "allow" | "cancel-both" | "cancel-newest" | "cancel-oldest";
}

/** Decimal texts; `last` is empty before the first trade, `orders` those that are live. */
export interface MarketRow {
  name: string;
  status: string;
  last: string;
  min_price: string;
  max_price: string;
  min_amount: string;
  max_amount: string;
  min_total: string;
  maker_fee_ppm: number;
  taker_fee_ppm: number;
  orders: number;
}

/** A payment that one asked for, and what was paid of it. */
export interface MerchantOrder {
  id: string;
  asset: string;
  amount: Decimal;
  paid: Decimal;
  pending: Decimal;
  status: "cancelled" | "closed" | "open" | "paid" | "partial";
  description: string;
  success_url: string;
  failure_url: string;
  data: string;
  address: string | null;
  accounts_only: boolean;
  repeated: boolean;
  notify_url: string | null;
  autosell: string | null;
  created: number;
  expires: number;
}

/** A new one. `notice_secret`: what its notices are signed with; null when nobody is told. */
export interface MerchantOrderCreated {
  id: string;
  asset: string;
  amount: Decimal;
  paid: Decimal;
  pending: Decimal;
  status: "cancelled" | "closed" | "open" | "paid" | "partial";
  description: string;
  success_url: string;
  failure_url: string;
  data: string;
  address: string | null;
  accounts_only: boolean;
  repeated: boolean;
  notify_url: string | null;
  autosell: string | null;
  created: number;
  expires: number;
  notice_secret: string | null;
}

/** The order with its payments and notices, oldest first. */
export interface MerchantOrderDetails {
  order: MerchantOrder;
  payments: Payment[];
  notices: NoticeAttempts[];
}

/** There is nothing to say but that it is done. */
export type Nothing = Record<string, never>;

/** How a notice fares. `next_attempt` is null when there will be none; `outcome` is what came of the last one. */
export interface NoticeAttempts {
  status: "cancelled" | "closed" | "paid" | "partial";
  attempts: number;
  next_attempt: number | null;
  outcome: string;
}

/** What an order's notices are signed with, 64 hex digits; null when nobody is told. `previous_until`: until when the secret before the last rotation signs them too (`MerchantNotice`); null when it does not, or no more. */
export interface NoticeSecret {
  notice_secret: string | null;
  previous_until: number | null;
}

export interface OfAccount {
  user: string;
}

export interface OfApproval {
  id: number;
}

export interface OfHolder {
  user: string;
}

/** The key's public text (Expie: its access id). */
export interface OfKey {
  key: string;
}

export interface OfOrder {
  order: number;
}

/** The withdrawal's id in hex. */
export interface OfWithdrawal {
  id: string;
}

/** `next`: go on with it as `before`; None when there is nothing further. */
export interface OpenOrders {
  rows: OrderRow[];
  next: number | null;
}

/** An order as it stands. `total`: the quote traded; `fee` so far, in `fee_asset`. `reason` says how it ended, null while it lives. */
export interface Order {
  id: string;
  client_order_id: string | null;
  market: string;
  side: "buy" | "sell";
  type: "limit" | "market" | "stop-limit" | "stop-market" | "take-profit-limit" | "take-profit-market" | "trailing-stop-limit" | "trailing-stop-market";
  status: "cancelled" | "expired" | "filled" | "open" | "waiting";
  reason: "cancel-after" | "cancelled" | "expired" | "filled" | "fok" | "insufficient-funds" | "one-cancels-other" | "self-trade" | "unfilled" | null;
  price: Decimal | null;
  amount: Decimal | null;
  funds: Decimal | null;
  stop_price: Decimal | null;
  trail: Decimal | null;
  trail_ppm: number | null;
  time_in_force: "fok" | "gtc" | "gtd" | "ioc";
  expires: number | null;
  post_only: boolean;
  pair: boolean;
  filled: Decimal;
  remaining: Decimal | null;
  total: Decimal;
  fee: Decimal;
  fee_asset: string;
  created: number;
  updated: number;
}

/** How the order stands right after the command: `filled` and `total` (quote) are what it traded in it, at once. `cancelled` with something filled: the rest found nothing to trade with. `stop_id`: the other order of a pair. */
export interface OrderPlaced {
  id: string;
  client_order_id: string | null;
  market: string;
  status: "cancelled" | "expired" | "filled" | "open" | "waiting";
  filled: Decimal;
  remaining: Decimal | null;
  total: Decimal;
  time: number;
  stop_id: string | null;
}

/** The order in one version of an API. `request` would place it, and `reply` is what was, or would have been, answered to it; both are null where that API cannot express the order, which `inexpressible` says in a sentence. `rows`: what its lists and histories answer now, as if this were the only order. `pushes`: what its private stream has told of the order, oldest first; null for an API without one. `remarks`: what it leaves out. */
export interface OrderRendering {
  api: string;
  version: string;
  request: RenderedRequest | null;
  reply: string | null;
  rows: RenderedMessage[];
  pushes: RenderedMessage[] | null;
  inexpressible: string | null;
  remarks: string[];
}

/** An order in every API that is served. Of an order with many trades the first ones are shown; `more_trades` counts the others. `changed`: the order was changed when the venue did not keep yet what it had asked for before; request and reply are shown with the first price and amount that are known. */
export interface OrderRenderings {
  order: string;
  renderings: OrderRendering[];
  more_trades: number;
  changed: boolean;
}

/** How the order stands after the change: `filled` and `total` are what the change traded. */
export interface OrderReplaced {
  id: string;
  market: string;
  status: "cancelled" | "expired" | "filled" | "open" | "waiting";
  filled: Decimal;
  remaining: Decimal;
  total: Decimal;
  time: number;
}

/** Prices in quote, amounts in base, as decimal texts; empty where the order has none. `created` in µs. */
export interface OrderRow {
  id: number;
  user: string;
  market: string;
  side: string;
  type: string;
  price: string;
  amount: string;
  filled: string;
  state: string;
  created: number;
}

/** How many were. */
export interface OrdersCancelled {
  count: number;
}

/** One's orders that the command of that sequence changed, as they are after it. */
export interface OrdersChanged {
  type: "orders";
  topic: string;
  sequence: number;
  orders: Order[];
}

/** Which orders. */
export interface OrdersQuery {
  cursor?: string | null;
  limit?: number;
  market?: string | null;
  state?: "all" | "finished" | "open";
}

/** One's open orders, with everything that commands up to `sequence` did. */
export interface OrdersSnapshot {
  type: "orders-snapshot";
  topic: string;
  sequence: number;
  orders: Order[];
}

/** Which part of a list. */
export interface PageQuery {
  cursor?: string | null;
  limit?: number;
}

/** One of one's own. `host`: the host name that it is for. `synced`: it lives in more than one device. `used`: when it last was. */
export interface Passkey {
  id: string;
  name: string;
  host: string;
  synced: boolean;
  created: number;
  used: number | null;
}

/** For `PublicKeyCredential.parseCreationOptionsFromJSON` and `navigator.credentials.create`; the challenge is good for `timeout` ms. */
export interface PasskeyCreationOptions {
  rp: RelyingParty;
  user: PasskeyUser;
  challenge: string;
  pubKeyCredParams: KeyParameter[];
  timeout: number;
  excludeCredentials: CredentialDescriptor[];
  authenticatorSelection: AuthenticatorSelection;
  attestation: "none";
}

/** For `PublicKeyCredential.parseRequestOptionsFromJSON` and `navigator.credentials.get`; the challenge is good for `timeout` ms. */
export interface PasskeyRequestOptions {
  challenge: string;
  timeout: number;
  rpId: string;
  allowCredentials: CredentialDescriptor[];
  userVerification: "required";
}

/** Whom the passkey will be of; `id` is base64url of bytes that say nothing. */
export interface PasskeyUser {
  id: string;
  name: string;
  displayName: string;
}

/** Of a merchant order; `pending` until the merchant has it for good. */
export interface Payment {
  id: string;
  amount: Decimal;
  pending: boolean;
  by_coins: boolean;
  time: number;
}

/** A merchant order as whoever knows its id sees it, to pay it. */
export interface PaymentRequest {
  id: string;
  payee: string;
  asset: string;
  amount: Decimal;
  missing: Decimal;
  status: "cancelled" | "closed" | "open" | "paid" | "partial";
  description: string;
  expires: number;
}

/** Asks whether anybody is there. */
export interface Ping {
  op: "ping";
  id?: string | null;
}

/** An order. What is not needed is left out. `price`: of limit orders, stop-limit orders once they are triggered. `amount` is base; a market buy may say `funds` instead, quote to spend, and a stop at market that buys must. `stop_price` triggers stops: a stop waits for the price to move against it, one that takes a profit for the reverse. A trailing stop follows the price at a distance of `trail` (in quote) or `trail_ppm` of the price. Limit orders rest until cancelled (`gtc`) unless `time_in_force` says otherwise; `gtd` needs `expires`. `client_order_id` is taken once, among the live orders and the last 1,000 finished ones. */
export interface PlaceOrder {
  market: string;
  side: "buy" | "sell";
  type: "limit" | "market" | "stop-limit" | "stop-market" | "take-profit-limit" | "take-profit-market" | "trailing-stop-limit" | "trailing-stop-market";
  price?: Decimal | null;
  amount?: Decimal | null;
  funds?: Decimal | null;
  stop_price?: Decimal | null;
  trail?: Decimal | null;
  trail_ppm?: number | null;
  time_in_force?: "fok" | "gtc" | "gtd" | "ioc" | null;
  expires?: number | null;
  post_only?: boolean;
  self_trade?: "allow" | "cancel-both" | "cancel-newest" | "cancel-oldest" | "market-default";
  client_order_id?: string | null;
}

/** A limit order and a stop of which one cancels the other. Without `stop_limit_price` the stop is at market; a buy needs one. */
export interface PlacePair {
  market: string;
  side: "buy" | "sell";
  amount: Decimal;
  price: Decimal;
  stop_price: Decimal;
  stop_limit_price?: Decimal | null;
  expires?: number | null;
  post_only?: boolean;
  self_trade?: "allow" | "cancel-both" | "cancel-newest" | "cancel-oldest" | "market-default";
  client_order_id?: string | null;
}

/** `code` is for programs and never changes its meaning, `detail` is a sentence for people. `retryable`: the same request may work later as it is. `field` names what is wrong in the request, `order_id` the order that stands in the way, `retry_after` how many seconds to wait. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  retryable: boolean;
  field: string | null;
  order_id: string | null;
  retry_after: number | null;
}

/** A user as they see themselves. `recovery_codes`: how many are still good. `role`: what they may do for the venue, mostly nothing. */
export interface Profile {
  name: string;
  account: number;
  created: number;
  second_factor: boolean;
  recovery_codes: number;
  role: "auditor" | "operator" | "support" | null;
}

/** Password and code once more, for what a stolen session must not do. */
export interface ProveIdentity {
  password: string;
  code?: string | null;
}

/** `rate`: what one unit is worth in the anchor, empty where nothing is known; `age_seconds` since it was set, None where it was not. `conversion`: what the conversion account can pay of the asset. */
export interface RateRow {
  asset: string;
  rate: string;
  age_seconds: number | null;
  current: boolean;
  conversion: string;
}

/** Each is good once in place of a one-time code. They are shown here and never again. */
export interface RecoveryCodes {
  codes: string[];
}

/** Case, dashes and blanks of the code do not count. */
export interface RedeemCoupon {
  code: string;
}

/** `reason`: for the journal, at most 200 characters; nothing personal. */
export interface RefuseWithdrawal {
  id: string;
  reason?: string;
}

/** This venue, as authenticators name it. */
export interface RelyingParty {
  id: string;
  name: string;
}

/** What it is to be called from now on. */
export interface RenamePasskey {
  name: string;
}

/** A field of a request. What is secret, or another one in each request, is a word in angle brackets. */
export interface RenderedHeader {
  name: string;
  value: string;
}

/** What an API says, word for word. `source`: the call that is answered so, or the topic that is pushed on. */
export interface RenderedMessage {
  source: string;
  body: string;
}

/** A request as it goes over the wire. */
export interface RenderedRequest {
  method: string;
  path: string;
  headers: RenderedHeader[];
  body: string;
}

/** What is left out stays. `amount` is the new whole amount, what is filled included. A change of anything but a smaller amount gives the place in the book up. */
export interface ReplaceOrder {
  price?: Decimal | null;
  amount?: Decimal | null;
  stop_price?: Decimal | null;
}

/** `amount` leaves the account, the venue's fee included. */
export interface RequestWithdrawal {
  asset: string;
  amount: Decimal;
  address: string;
}

export interface RoleSet {
  name: string;
  role: string;
}

/** What a sandbox runs with. `clock`: `real`, `x60` or another pace, or `manual`. `control`: the path below which its control API is, which answers this server's own page on the same machine (docs/reference/control-api.md): clock, faucet, faults, report, snapshots. */
export interface Sandbox {
  seed: number;
  clock: string;
  preset: string;
  control: string;
}

/** Whether logins of that user ask for a code now. */
export interface SecondFactor {
  name: string;
  active: boolean;
}

/** Something that happened to one's security, and from which address it was asked for. */
export interface SecurityEvent {
  id: string;
  time: number;
  kind: "codes-off" | "codes-on" | "identity-proved" | "key-created" | "key-revoked" | "logged-in" | "logged-out" | "login-failed" | "passkey-added" | "passkey-login" | "passkey-removed" | "passkey-renamed" | "passkey-suspect" | "password-changed" | "recovery-codes-renewed" | "session-revoked" | "signed-up";
  address: string;
}

/** `receiver`: another user's name. */
export interface SendTransfer {
  asset: string;
  amount: Decimal;
  receiver: string;
}

/** `time` is the machine's clock, by which timestamps of requests are judged; `venue_time` that of the venue's last command. */
export interface ServerTime {
  time: number;
  venue_time: number;
}

/** A login. `csrf_token` goes into the field `cambist-csrf` of whatever changes something. Until `proved_until` nothing asks for a proof (`proof-required`) of who one is; a proof holds for `proof_seconds`. */
export interface Session {
  id: string;
  csrf_token: string;
  expires: number;
  proved_until: number;
  proof_seconds: number;
  profile: Profile;
}

/** A login of one's own: from which address, with which browser. `current`: this very one. */
export interface SessionRow {
  id: string;
  created: number;
  expires: number;
  address: string;
  agent: string;
  current: boolean;
}

/** All orders are cancelled in so many seconds unless this is asked again before; 0 takes it back. */
export interface SetCancelAfter {
  seconds: number;
}

/** Both rates, in millionths, for every market; neither: the markets' own again. */
export interface SetFees {
  user: string;
  maker_ppm?: number | null;
  taker_ppm?: number | null;
}

/** `operator` may do what operators may over the network; `support` and `auditor` may look; `none` takes it away. */
export interface SetRole {
  user: string;
  role: "auditor" | "none" | "operator" | "support";
}

export interface SetStatus {
  name: string;
  halted: boolean;
}

/** What is None stays as it is. Prices and amounts as decimal texts, fees in ppm of what is received. */
export interface SetTerms {
  name: string;
  min_price?: string | null;
  max_price?: string | null;
  min_amount?: string | null;
  max_amount?: string | null;
  min_total?: string | null;
  maker_fee_ppm?: number | null;
  taker_fee_ppm?: number | null;
}

/** A new user. */
export interface SignUp {
  name: string;
  password: string;
}

/** `toJSON()` of what `navigator.credentials.get` gave. */
export interface SignedCredential {
  id: string;
  rawId: string;
  type: "public-key";
  response: SignedResponse;
}

/** The `response` of a credential that signed. */
export interface SignedResponse {
  clientDataJSON: string;
  authenticatorData: string;
  signature: string;
  userHandle?: string | null;
}

/** The state after command `seq`, in `file`. */
export interface Snapshot {
  seq: number;
  file: string;
}

/** A snapshot of the state after command `seq`: its size, and when it was written (µs). */
export interface SnapshotFile {
  seq: number;
  bytes: number;
  written: number;
}

/** A small program that asks for one's balances with a key. In `text` stand `<url>` for the venue's address and `<NAME>` for each of the key's `credentials`. `private_key`: it is for an Ed25519 key, and `<private_key_file>` is where its owner has it, as PKCS#8 in PEM. */
export interface Snippet {
  api: string;
  language: "curl" | "javascript" | "python";
  private_key: boolean;
  text: string;
}

/** `seq`: commands applied, `durable_seq`: those on disk. `audit_record`: the newest of the audit log's lines. */
export interface Status {
  seq: number;
  durable_seq: number;
  accounts: number;
  audit_record: number;
  condition: Condition;
}

/** Follows topics: all of them, or none when one cannot be followed. */
export interface Subscribe {
  op: "subscribe";
  id?: string | null;
  topics: string[];
}

/** The last trade, the best prices, and the last 24 hours; null where there is none. `change_ppm`: from the first price to the last. */
export interface Ticker {
  market: string;
  time: number;
  last: Decimal | null;
  last_amount: Decimal | null;
  last_time: number | null;
  bid: Decimal | null;
  ask: Decimal | null;
  open: Decimal | null;
  high: Decimal | null;
  low: Decimal | null;
  amount: Decimal;
  total: Decimal;
  trades: number;
  change_ppm: number;
}

/** The ticker as it is now. */
export interface TickerChanged {
  type: "ticker";
  topic: string;
  ticker: Ticker;
}

/** Of one asset: what the outside world is owed (negative), what everybody else has, and the sum of all, which is 0 or a bug. */
export interface TotalRow {
  asset: string;
  world: string;
  available: string;
  held: string;
  sum: string;
}

/** `side` is the taker's. */
export interface Trade {
  id: string;
  time: number;
  side: "buy" | "sell";
  price: Decimal;
  amount: Decimal;
}

/** Older trades, page by page. */
export interface TradeHistoryQuery {
  cursor?: string | null;
  limit?: number;
}

/** New trades, oldest first. */
export interface Trades {
  type: "trades";
  topic: string;
  market: string;
  trades: Trade[];
}

/** The newest `limit` with ids above `after`. */
export interface TradesQuery {
  after?: string | null;
  limit?: number;
}

/** Money that moved to (`in`) or from (`out`) the account. `counterparty`: the other user of a transfer by name. */
export interface Transfer {
  id: string;
  kind: string;
  direction: "in" | "out";
  asset: string;
  amount: Decimal;
  status: "cancelled" | "done" | "pending";
  address: string | null;
  txid: string | null;
  counterparty: string | null;
  created: number;
  updated: number;
}

/** Of one asset, of one kind. */
export interface TransfersQuery {
  cursor?: string | null;
  limit?: number;
  asset?: string | null;
  kind?: "adjustment" | "coupon-create" | "coupon-redeem" | "deposit" | "internal" | "merchant" | "withdrawal" | null;
}

/** Follows topics no more. */
export interface Unsubscribe {
  op: "unsubscribe";
  id?: string | null;
  topics: string[];
}

/** What the browser made of the options. */
export interface UsePasskey {
  credential: SignedCredential;
}

/** `changed` is false when it was so before. */
export interface UserFrozen {
  name: string;
  changed: boolean;
  cancelled: number;
}

/** `frozen`: since when (µs), None when not. `second_factor`: whether a login asks for a one-time code. `keys`: how many live ones. `role`: what they may do for the venue over the network, empty for nothing. */
export interface UserRow {
  name: string;
  account: number;
  keys: number;
  frozen: number | null;
  second_factor: boolean;
  role: string;
  created: number;
}

/** A `sandbox` has play money only. `demo_users` may log in without a password; browsers on the same machine are told of them. */
export interface Venue {
  version: string;
  kind: "sandbox" | "venue";
  sign_up: boolean;
  demo_users: string[];
  sandbox: Sandbox | null;
}

/** Coins on their way out: `waiting` to be sent, or for the operator's `approval`; `sent`; `done`; `cancelled`: the money is back. */
export interface Withdrawal {
  id: string;
  asset: string;
  amount: Decimal;
  fee: Decimal;
  address: string;
  txid: string;
  status: "approval" | "cancelled" | "done" | "sent" | "waiting";
  created: number;
  updated: number;
}

/** `amount` left the account, `fee` of it for the venue. `requested` in µs. */
export interface WithdrawalRow {
  id: string;
  user: string;
  asset: string;
  amount: string;
  fee: string;
  address: string;
  state: string;
  txid: string;
  requested: number;
  asked_by: string;
}

/** Orders by id; those that are not one's own live ones are passed over. */
export interface CancelOrders {
  ids: string[];
}

/** `remaining`: what was not traded, null for an order by funds. Of a pair both orders end. */
export interface OrderCancelled {
  id: string;
  market: string;
  remaining: Decimal | null;
  time: number;
}

/** Orders by their numbers, anybody's. */
export interface OperatorCancelOrders {
  orders: number[];
}

/** `reason`: why it was not, where it was not. */
export interface OperatorOrderCancelled {
  id: number;
  cancelled: boolean;
  reason: string;
}

export interface OperatorOfUser {
  user: string;
}

export interface OperatorOfUser {
  user: string;
}

export type ClientMessage =
  | Login
  | Subscribe
  | Unsubscribe
  | Ping;

export type ServerMessage =
  | Done
  | Failed
  | LoggedOut
  | BookSnapshot
  | BookDelta
  | Trades
  | Candles
  | TickerChanged
  | OrdersSnapshot
  | OrdersChanged
  | FillsMade
  | BalancesSnapshot
  | BalancesChanged;

/** The time. Signed requests are judged by `time`. */
export const serverTime = (): Call<ServerTime> => call("GET", "/time");

/** What kind of venue this is, and who may come in. Demo users are told to browsers on the sandbox's own machine only. */
export const showVenue = (): Call<Venue> => call("GET", "/venue");

/** Every asset. */
export const listAssets = (): Call<Asset[]> => call("GET", "/assets");

/** Every market, with its limits and fees as they stand. */
export const listMarkets = (): Call<Market[]> => call("GET", "/markets");

/** One market. `market-unknown`. */
export const findMarket = (market: string): Call<Market> =>
  call("GET", `/markets/${encodeURIComponent(market)}`);

/** The best levels a side. `market-unknown`. */
export const showBook = (market: string, query?: BookQuery): Call<Book> =>
  call("GET", `/markets/${encodeURIComponent(market)}/book`, { query });

/** The newest trades, newest first, of the last 5,000. `market-unknown`. */
export const listTrades = (market: string, query?: TradesQuery): Call<Trade[]> =>
  call("GET", `/markets/${encodeURIComponent(market)}/trades`, { query });

/** Every trade that there ever was, newest first. `market-unknown`. */
export const listPastTrades = (market: string, query?: TradeHistoryQuery): Call<Page<Trade>> =>
  call("GET", `/markets/${encodeURIComponent(market)}/trades/history`, { query });

/** Candles, oldest first. `market-unknown`, `interval-invalid`. */
export const listCandles = (market: string, query?: CandlesQuery): Call<Candle[]> =>
  call("GET", `/markets/${encodeURIComponent(market)}/candles`, { query });

/** A market's last trade, best prices and last 24 hours. `market-unknown`. */
export const showTicker = (market: string): Call<Ticker> =>
  call("GET", `/markets/${encodeURIComponent(market)}/ticker`);

/** Every market's ticker. */
export const listTickers = (): Call<Ticker[]> => call("GET", "/tickers");

/** Where all the venue's money is, asset by asset, added up from every account, with the journal's sequence and the state's hash. */
export const showBooks = (): Call<BalanceSheet> => call("GET", "/books");

/** Places an order. With an Idempotency-Key and without `client_order_id`, the key is the client order id: also after a restart the same request places no second order, while the first lives and for the 1,000 orders behind it. `market-unknown`, `order-invalid` and what a market or the account's money does not allow. */
export const placeOrder = (body: PlaceOrder): Call<OrderPlaced> => call("POST", "/orders", { body });

/** Orders, newest first. `market-unknown`. */
export const listOrders = (query?: OrdersQuery): Call<Page<Order>> => call("GET", "/orders", { query });

/** Takes all orders back, or those of a market or side, in one command. `market-unknown`. */
export const cancelAllOrders = (query?: CancelQuery): Call<OrdersCancelled> =>
  call("DELETE", "/orders", { query });

/** Places a limit order and a stop of which one cancels the other; the reply is the limit order's. Idempotency as for one order. `market-unknown`. */
export const placePair = (body: PlacePair): Call<OrderPlaced> => call("POST", "/orders/pair", { body });

/** Takes several orders back in one command. */
export const cancelOrders = (body: CancelOrders): Call<OrdersCancelled> =>
  call("POST", "/orders/cancel", { body });

/** When the dead man's switch fires. */
export const showCancelAfter = (): Call<CancelAfter> => call("GET", "/orders/cancel-after");

/** Arms the dead man's switch, puts it off, or takes it back. It is journaled: it fires after a restart too. */
export const setCancelAfter = (body: SetCancelAfter): Call<CancelAfter> =>
  call("PUT", "/orders/cancel-after", { body });

/** The order of a client order id, while it lives and for the account's 1,000 orders behind it. `not-found`. */
export const findOrderByClientId = (clientOrderId: string): Call<Order> =>
  call("GET", `/orders/by-client-id/${encodeURIComponent(clientOrderId)}`);

/** One order, live or finished. `not-found`. */
export const findOrder = (order: string): Call<Order> => call("GET", `/orders/${encodeURIComponent(order)}`);

/** One order as each API of the venue words it: the request that places it, the reply, rows of lists and histories, pushes. No key and no secret is in it. `not-found`. */
export const renderOrder = (order: string): Call<OrderRenderings> =>
  call("GET", `/orders/${encodeURIComponent(order)}/renderings`);

/** Changes a live order's price, amount or trigger. `not-found`, `order-not-live`, `order-not-replaceable`, `amount-below-filled`. */
export const replaceOrder = (order: string, body: ReplaceOrder): Call<OrderReplaced> =>
  call("PATCH", `/orders/${encodeURIComponent(order)}`, { body });

/** Takes a live order back. `not-found`, `order-not-live`. */
export const cancelOrder = (order: string): Call<OrderCancelled> =>
  call("DELETE", `/orders/${encodeURIComponent(order)}`);

/** Makes a user with an account of their own, and logs them in. `sign-up-closed`, `name-taken`, `name-invalid`, `password-too-short`, `password-too-long`. */
export const signUp = (body: SignUp): Call<Session> => call("POST", "/users", { body });

/** Opens a session: its token is in a cookie that no page can read, and is another one after each login. `login-wrong`, `code-required`, `code-wrong`, `login-paused`, `code-paused`, `user-frozen`. */
export const logIn = (body: LogIn): Call<Session> => call("POST", "/session", { body });

/** Opens a session for a demo user of a sandbox, without a password, for a browser on the sandbox's own machine. `not-found`, `code-required` for one who has switched one-time codes on, `user-frozen`. */
export const demoLogIn = (body: DemoLogIn): Call<Session> => call("POST", "/session/demo", { body });

/** The session that the cookie is of, and its CSRF token. */
export const showSession = (): Call<Session> => call("GET", "/session");

/** Ends the session. */
export const logOut = (): Call<Nothing> => call("DELETE", "/session");

/** What a browser asks its owner's authenticator with, whoever that is. `passkeys-unavailable`. */
export const beginPasskeyLogIn = (): Call<PasskeyRequestOptions> => call("POST", "/session/passkey/options");

/** Opens a session, as a login with password and code does. `passkey-wrong`, `passkeys-unavailable`, `user-frozen`, `rate-limited`. */
export const logInWithPasskey = (body: UsePasskey): Call<Session> =>
  call("POST", "/session/passkey", { body });

/** Says password and code once more: what answers `proof-required` is then done for a while (`proved_until`), as after a login. `login-wrong`, `code-required`, `code-wrong`, `login-paused`, `code-paused`, `user-frozen`. */
export const proveIdentity = (body: ProveIdentity): Call<Session> => call("POST", "/session/proof", { body });

/** What a browser asks for one of one's own passkeys with, to prove once more who one is. `passkeys-unavailable`. */
export const beginPasskeyProof = (): Call<PasskeyRequestOptions> =>
  call("POST", "/session/proof/passkey/options");

/** As `prove_identity`, by one of one's own passkeys. `passkey-wrong`, `passkeys-unavailable`, `rate-limited`. */
export const proveWithPasskey = (body: UsePasskey): Call<Session> =>
  call("POST", "/session/proof/passkey", { body });

/** Whose key or session this is. */
export const showProfile = (): Call<Profile> => call("GET", "/account");

/** Replaces the password and ends every session; this browser gets a new one. `login-wrong`, `login-paused`, `code-required`, `code-wrong`, `code-paused`, `user-frozen`, `password-too-short`, `password-too-long`. */
export const changePassword = (body: ChangePassword): Call<Session> =>
  call("PUT", "/account/password", { body });

/** A secret for an authenticator app; codes are asked for once a first one was confirmed. `totp-active`, `proof-required`. */
export const enrolTotp = (): Call<Enrolment> => call("POST", "/account/totp");

/** Switches one-time codes on, and gives the recovery codes. `code-wrong`. */
export const confirmTotp = (body: ConfirmCode): Call<RecoveryCodes> =>
  call("POST", "/account/totp/confirm", { body });

/** Switches one-time codes off, and takes the recovery codes away. `totp-inactive`, `login-wrong`, `login-paused`, `code-required`, `code-wrong`, `code-paused`, `user-frozen`. */
export const removeTotp = (body: ProveIdentity): Call<Profile> =>
  call("POST", "/account/totp/remove", { body });

/** New recovery codes in the place of all earlier ones. `totp-inactive`, `login-wrong`, `login-paused`, `code-required`, `code-wrong`, `code-paused`, `user-frozen`. */
export const renewRecoveryCodes = (body: ProveIdentity): Call<RecoveryCodes> =>
  call("POST", "/account/recovery-codes", { body });

/** One's own passkeys, in the order in which they were enrolled. */
export const listPasskeys = (): Call<Passkey[]> => call("GET", "/account/passkeys");

/** What a browser makes a new passkey from. `proof-required`, `passkeys-unavailable`. */
export const beginPasskey = (): Call<PasskeyCreationOptions> => call("POST", "/account/passkeys/options");

/** Takes the browser's new passkey. `proof-required`, `passkeys-unavailable`, `passkey-wrong`, `passkey-taken`, `too-many-passkeys`. */
export const enrolPasskey = (body: EnrolPasskey): Call<Passkey> =>
  call("POST", "/account/passkeys", { body });

/** Gives one of one's own another name. `not-found`. */
export const renamePasskey = (passkey: string, body: RenamePasskey): Call<Passkey> =>
  call("PATCH", `/account/passkeys/${encodeURIComponent(passkey)}`, { body });

/** Ends one of one's own for good. `proof-required`, `not-found`. */
export const removePasskey = (passkey: string): Call<Nothing> =>
  call("DELETE", `/account/passkeys/${encodeURIComponent(passkey)}`);

/** One's own logins, newest first. */
export const listSessions = (): Call<SessionRow[]> => call("GET", "/account/sessions");

/** Ends one of one's own logins, and its open sockets. `not-found`. */
export const revokeSession = (session: string): Call<Nothing> =>
  call("DELETE", `/account/sessions/${encodeURIComponent(session)}`);

/** What happened to one's own security, newest first. */
export const listSecurityEvents = (query?: PageQuery): Call<Page<SecurityEvent>> =>
  call("GET", "/account/events", { query });

/** Every asset of the venue. */
export const listBalances = (): Call<Balance[]> => call("GET", "/balances");

/** What new orders pay, by market. */
export const listFees = (): Call<Fees[]> => call("GET", "/fees");

/** One's own trades, newest first. `market-unknown`, `not-found` for an order that is not one's own. */
export const listFills = (query?: FillsQuery): Call<Page<Fill>> => call("GET", "/fills", { query });

/** Every change of one's balances, newest first, with what there was after it. `asset-unknown`. */
export const listLedgerEntries = (query?: LedgerQuery): Call<Page<LedgerEntry>> =>
  call("GET", "/ledger", { query });

/** One's newest deposit address of an asset. `asset-unknown`. */
export const showDepositAddress = (asset: string): Call<DepositAddress> =>
  call("GET", `/addresses/${encodeURIComponent(asset)}`);

/** A new deposit address; earlier ones stay good. `asset-unknown`, `no-network`, `too-many-addresses`. */
export const createDepositAddress = (asset: string): Call<DepositAddress> =>
  call("POST", `/addresses/${encodeURIComponent(asset)}`);

/** Coins that came, newest first. */
export const listDeposits = (query?: PageQuery): Call<Page<Deposit>> => call("GET", "/deposits", { query });

/** Sends coins. Under an Idempotency-Key the same request is done once, for ever: the ledger takes a transfer's id once. `asset-unknown`, `no-network`, `coin-address-invalid`, `too-many-decimals`, `amount-too-large`, `withdrawal-too-small`, `insufficient-funds`, `proof-required`. */
export const requestWithdrawal = (body: RequestWithdrawal): Call<Withdrawal> =>
  call("POST", "/withdrawals", { body });

/** Coins on their way out, newest first. */
export const listWithdrawals = (query?: PageQuery): Call<Page<Withdrawal>> =>
  call("GET", "/withdrawals", { query });

/** One of them. `not-found`. */
export const findWithdrawal = (withdrawal: string): Call<Withdrawal> =>
  call("GET", `/withdrawals/${encodeURIComponent(withdrawal)}`);

/** Takes the money back if the coins have not left. `not-found`, `not-cancellable`. */
export const cancelWithdrawal = (withdrawal: string): Call<Withdrawal> =>
  call("DELETE", `/withdrawals/${encodeURIComponent(withdrawal)}`);

/** Sends money to another user of this venue, at once and for good. `asset-unknown`, `too-many-decimals`, `user-unknown`, `own-transfer`, `amount-too-large`, `insufficient-funds`, `proof-required`, `rate-limited` for more than the venue allows in a day. */
export const sendTransfer = (body: SendTransfer): Call<Transfer> => call("POST", "/transfers", { body });

/** All money that moved without a trade, newest first. `asset-unknown`. */
export const listTransfers = (query?: TransfersQuery): Call<Page<Transfer>> =>
  call("GET", "/transfers", { query });

/** One of them. `not-found`. */
export const findTransfer = (transfer: string): Call<Transfer> =>
  call("GET", `/transfers/${encodeURIComponent(transfer)}`);

/** Turns money into a code. `asset-unknown`, `too-many-decimals`, `amount-too-large`, `user-unknown`, `insufficient-funds`, `coupon-code-used`, `proof-required`, `rate-limited` for more than the venue allows in a day. */
export const createCoupon = (body: CreateCoupon): Call<CouponCreated> => call("POST", "/coupons", { body });

/** Coupons that one made, newest first, and whether they were redeemed. */
export const listCoupons = (query?: PageQuery): Call<Page<Coupon>> => call("GET", "/coupons", { query });

/** Turns a code into money, once. `coupon-invalid`, `coupon-redeemed`. Who redeemed it themselves is answered as the first time. */
export const redeemCoupon = (body: RedeemCoupon): Call<CouponRedeemed> =>
  call("POST", "/coupons/redeem", { body });

/** Asks for a payment. `asset-unknown`, `market-unknown`, `too-many-decimals`, `amount-too-large`, `url-invalid`, `too-many-merchant-orders`. */
export const createMerchantOrder = (body: CreateMerchantOrder): Call<MerchantOrderCreated> =>
  call("POST", "/merchant/orders", { body });

/** Payments that one asked for, newest first. */
export const listMerchantOrders = (query?: PageQuery): Call<Page<MerchantOrder>> =>
  call("GET", "/merchant/orders", { query });

/** One of them, with what was paid. `not-found`. */
export const findMerchantOrder = (merchantOrder: string): Call<MerchantOrderDetails> =>
  call("GET", `/merchant/orders/${encodeURIComponent(merchantOrder)}`);

/** Takes it back while nothing was paid of it. `not-found`, `payment-not-open`, `payment-begun`. */
export const cancelMerchantOrder = (merchantOrder: string): Call<MerchantOrder> =>
  call("DELETE", `/merchant/orders/${encodeURIComponent(merchantOrder)}`);

/** What the notices of one of one's own orders are signed with. `not-found`, `proof-required`. */
export const showNoticeSecret = (merchantOrder: string): Call<NoticeSecret> =>
  call("GET", `/merchant/orders/${encodeURIComponent(merchantOrder)}/notice-secret`);

/** Has a new secret sign the notices of one of one's own orders; the one before it signs them too for 24 hours, in a field of its own. `not-found`, `no-notices`, `proof-required`. */
export const rotateNoticeSecret = (merchantOrder: string): Call<NoticeSecret> =>
  call("POST", `/merchant/orders/${encodeURIComponent(merchantOrder)}/notice-secret`);

/** A payment that somebody asked for, by its id, which is nobody's secret but that of those who were given it. `not-found`. */
export const showPayment = (payment: string): Call<PaymentRequest> =>
  call("GET", `/payments/${encodeURIComponent(payment)}`);

/** Where to send coins for it; the same whenever it is asked for. `not-found`, `payment-not-open`, `no-network`. */
export const showPaymentAddress = (payment: string): Call<DepositAddress> =>
  call("POST", `/payments/${encodeURIComponent(payment)}/address`);

/** Pays what is missing of it from one's account: once, however often this is asked, unless it may be paid again and again; of those the same Idempotency-Key pays once. `not-found`, `payment-not-open`, `own-payment`, `insufficient-funds`, `proof-required`. */
export const pay = (payment: string): Call<PaymentRequest> =>
  call("POST", `/payments/${encodeURIComponent(payment)}/pay`);

/** One's own keys, never their secrets. */
export const listKeys = (): Call<Key[]> => call("GET", "/keys");

/** The APIs that keys can be made for. */
export const listKeyKinds = (): Call<KeyKind[]> => call("GET", "/keys/kinds");

/** Small programs for each kind of key, in Python, JavaScript and curl. */
export const listSnippets = (): Call<Snippet[]> => call("GET", "/keys/snippets");

/** A new key. Its secret is shown here, and again for an hour. `api-unknown`, `scope-unknown`, `address-invalid`, `public-key-invalid`, `too-many-keys`, `proof-required`. */
export const createKey = (body: CreateKey): Call<KeyWithSecret> => call("POST", "/keys", { body });

/** A key's secret again, in its first hour. `not-found`, `api-unknown`, `reveal-over`, `proof-required`. */
export const revealKey = (key: string): Call<KeyWithSecret> =>
  call("GET", `/keys/${encodeURIComponent(key)}/secret`);

/** Ends a key for good, and what its open sockets follow. `not-found`. */
export const revokeKey = (key: string): Call<Nothing> => call("DELETE", `/keys/${encodeURIComponent(key)}`);

/** How far the venue is, and how its files are. `status-failed` when the disk does not say. */
export const operatorStatus = (): Call<Status> => call("GET", "/operator/status");

/** What went on in the last minute: rates, latencies, connections, the queue before the journal. */
export const operatorActivity = (): Call<Activity> => call("GET", "/operator/activity");

/** In order of their accounts, the erased ones left out. */
export const operatorUserList = (query?: ListUsers): Call<UserRow[]> =>
  call("GET", "/operator/user/list", { query });

/** Says what a user may do for the venue over the network. Where there are two operators, two must say so before a user becomes an operator, or is one no longer. `user-unknown`, `own-role`. */
export const operatorUserRole = (body: SetRole): Call<RoleSet | Approval> =>
  call("POST", "/operator/user/role", { body });

/** Shuts a user out of every API and every login; the money stays where it is. `user-unknown`. */
export const operatorUserFreeze = (body: FreezeUser): Call<UserFrozen> =>
  call("POST", "/operator/user/freeze", { body });

/** Lets a user in again, with the same keys and password. `user-unknown`. */
export const operatorUserUnfreeze = (body: OperatorOfUser): Call<UserFrozen> =>
  call("POST", "/operator/user/unfreeze", { body });

/** Switches all one-time codes of a user off, time-based and counter-based, and removes the user's passkeys. `user-unknown`. */
export const operatorSecondFactorRemove = (body: OperatorOfUser): Call<SecondFactor> =>
  call("POST", "/operator/second-factor/remove", { body });

/** Live keys in order of creation, those of frozen users too; never a secret. `user-unknown`. */
export const operatorKeyList = (query?: ListKeys): Call<KeyRow[]> =>
  call("GET", "/operator/key/list", { query });

/** Ends a key for good, its open sockets too. `key-unknown`. The journal remembers it, so no older directory brings the key back. */
export const operatorKeyRevoke = (body: OfKey): Call<KeyRevoked> =>
  call("POST", "/operator/key/revoke", { body });

/** For each market, in order of their numbers. `user-unknown`, `account-unknown`. */
export const operatorFeesShow = (query: OfAccount): Call<AccountFees[]> =>
  call("GET", "/operator/fees/show", { query });

/** For orders from now on; those in the book keep the fees that they came with. `fee-invalid`, `user-unknown`, `account-unknown`. */
export const operatorFeesSet = (body: SetFees): Call<AccountFees[]> =>
  call("POST", "/operator/fees/set", { body });

/** Of each asset that the account ever had. `user-unknown`, `account-unknown`. */
export const operatorLedgerBalances = (query: OfHolder): Call<BalanceRow[]> =>
  call("GET", "/operator/ledger/balances", { query });

/** `user-unknown`, `account-unknown`, `asset-unknown`, `history-unavailable`. */
export const operatorLedgerEntries = (query: ListEntries): Call<EntryRow[]> =>
  call("GET", "/operator/ledger/entries", { query });

/** Every asset. The money of all accounts together is what came in from the world, to the last atom. */
export const operatorLedgerTotals = (): Call<TotalRow[]> => call("GET", "/operator/ledger/totals");

/** In order of id; those of history newest first. `user-unknown`, `market-unknown`. */
export const operatorOrderList = (query: ListOrders): Call<OrderRow[]> =>
  call("GET", "/operator/order/list", { query });

/** Everybody's open orders, newest first. `market-unknown`. */
export const operatorOrderOpen = (query?: ListOpenOrders): Call<OpenOrders> =>
  call("GET", "/operator/order/open", { query });

/** Anybody's order by its number, live or finished. `order-unknown`, `history-unavailable`. */
export const operatorOrderFind = (query: OfOrder): Call<OrderRow> =>
  call("GET", "/operator/order/find", { query });

/** Takes orders back, each by itself. `order-unknown` names those that are not open; nothing was done then. */
export const operatorOrderCancel = (body: OperatorCancelOrders): Call<OperatorOrderCancelled[]> =>
  call("POST", "/operator/order/cancel", { body });

/** `user-unknown`, `market-unknown`. */
export const operatorOrderCancelAll = (body: CancelAll): Call<AllCancelled> =>
  call("POST", "/operator/order/cancel-all", { body });

/** `user-unknown`, `account-unknown`. */
export const operatorWithdrawalList = (query?: ListWithdrawals): Call<WithdrawalRow[]> =>
  call("GET", "/operator/withdrawal/list", { query });

/** Lets a withdrawal that waits for approval go. Where there are two operators, it goes when two have said so, and who asked for it is none of them. `withdrawal-unknown`, `approval-not-awaited`, `own-withdrawal`. */
export const operatorWithdrawalApprove = (body: OfWithdrawal): Call<WithdrawalRow | Approval> =>
  call("POST", "/operator/withdrawal/approve", { body });

/** Gives the money of a withdrawal back that has not been sent, whether it waits for approval or for its turn. `withdrawal-unknown`, `not-cancellable`, `unavailable`, `reason-too-long`. */
export const operatorWithdrawalRefuse = (body: RefuseWithdrawal): Call<WithdrawalRow> =>
  call("POST", "/operator/withdrawal/refuse", { body });

/** By number. */
export const operatorAssetList = (): Call<AssetRow[]> => call("GET", "/operator/asset/list");

/** A new asset, for ever. `asset-invalid`, `core-asset-exists`. */
export const operatorAssetCreate = (body: AssetListing): Call<AssetRow> =>
  call("POST", "/operator/asset/create", { body });

/** By number. */
export const operatorMarketList = (): Call<MarketRow[]> => call("GET", "/operator/market/list");

/** A new market, open at once. `market-invalid`, `asset-unknown`, `core-market-exists`. */
export const operatorMarketCreate = (body: MarketListing): Call<MarketRow> =>
  call("POST", "/operator/market/create", { body });

/** Halts a market (no new orders, cancels still work) or opens it again. `market-unknown`. */
export const operatorMarketStatus = (body: SetStatus): Call<MarketRow> =>
  call("POST", "/operator/market/status", { body });

/** Limits and fees for orders from now on; those that rest keep the fees they came with. `market-unknown`, `market-invalid`. */
export const operatorMarketTerms = (body: SetTerms): Call<MarketRow> =>
  call("POST", "/operator/market/terms", { body });

/** By number. */
export const operatorMarketGroups = (): Call<GroupRow[]> => call("GET", "/operator/market/groups");

/** Writes a snapshot now, so that the next start replays less. `snapshot-failed`. */
export const operatorSnapshot = (): Call<Snapshot> => call("POST", "/operator/snapshot");

/** Starts a backup into a new directory below the one that the configuration names. `no-backup-directory`, `backup-running`, `backup-failed`. */
export const operatorBackupStart = (): Call<BackupState> => call("POST", "/operator/backup/start");

/** The backup that was started last, and all that lie in the directory for them. `backup-failed` when that cannot be read. */
export const operatorBackupList = (): Call<Backups> => call("GET", "/operator/backup/list");

/** What one operator asked for and another one must ask for too, oldest first. */
export const operatorApprovalList = (): Call<Approval[]> => call("GET", "/operator/approval/list");

/** Takes back what waits for a second operator, whoever asked for it. `approval-unknown`. */
export const operatorApprovalWithdraw = (body: OfApproval): Call<Approval> =>
  call("POST", "/operator/approval/withdraw", { body });

/** What operators asked for, newest first. `user-unknown`, `account-unknown`, `audit-damaged`. */
export const operatorAuditList = (query?: ListRecords): Call<AuditPage> =>
  call("GET", "/operator/audit/list", { query });
