// Written by scripts/control_api.py from the sandbox's operations.

/** The sandbox's time. */
export interface ClockState {
  /** `real`, `x60` or another pace, or `manual`. */
  mode: string;
  /** ISO 8601. */
  time: string;
  /** The same in µs since 1970. */
  micros: number;
  /** Of a manual clock: µs at which something is due next, which may be now; null when nothing is. */
  next_due?: number | null;
  /** After a movement: whether its condition holds. */
  met?: boolean;
}

/** One of the fields. */
export interface Movement {
  /** On by so many seconds. */
  advance?: number | null;
  /** To a time, or until something has happened. */
  run_until?: Until | null;
  /** To the next later moment at which something is due, so many times. */
  step?: number | null;
}

/** A time, or one of the conditions: `order`, or `market` with one of the prices. */
export interface Until {
  /** Seconds since 1970, or ISO 8601. One that is over moves nothing. */
  time?: number | string | null;
  /** An order's id: until it is no longer open. */
  order?: number | null;
  /** Such as btc_usd: until its last price is at least or at most so much. */
  market?: string | null;
  /** A decimal text. */
  price_at_least?: string | null;
  /** A decimal text. */
  price_at_most?: string | null;
  /** Seconds after which a condition is given up, where no time is named. */
  within?: number;
}

/** The newest thousand of each, oldest first. */
export interface FaultsShown {
  /** Those that may still fire, or whose effect lasts. */
  armed: Array<ShownFault>;
  /** Those that are spent, disarmed or expired. */
  over: Array<ShownFault>;
  /** Each time that one fired, with the request that met it. */
  fired: Array<Firing>;
  /** Client order ids that begin with `fault-` and name no outcome: their orders were placed as any other. */
  unknown: Array<string>;
}

/** A fault as it stands. */
export interface ShownFault {
  /** What it is disarmed by, and what the request log and the firings call it. */
  id: string;
  /** armed; spent: it has fired as often as it should; disarmed; expired: its time is over. */
  state: string;
  /** What was armed. */
  plan: FaultPlan;
  /** µs since 1970 by the sandbox's clock. */
  armed_at: number;
  /** When its time is over, µs since 1970; null: it has none. */
  ends_at: number | null;
  /** How many requests, messages or orders it has met while it was armed. */
  met: number;
  /** How often it fired. */
  fired: number;
}

/** A fault to arm: its `kind`, whom it meets, when it fires, and what it does. What is left out restricts nothing. */
export interface FaultPlan {
  /** What goes wrong; docs/reference/faults.md lists the kinds. */
  kind: string;
  /** Only requests and sockets of this API: btce_wex, btse, expie, mtgox, native. */
  dialect?: string | null;
  /** Only HTTP requests, only opening handshakes of sockets, or only what is said on sockets. */
  transport?: 'handshake' | 'http' | 'socket' | null;
  /** Only requests of this user, by name. */
  user?: string | null;
  /** Only requests with this API key, by its public text (Expie: the access id). */
  key?: string | null;
  /** Only this HTTP method, or the request's own `method` (BTC-e, WEX, Expie's socket) or `op` (the other sockets). */
  method?: string | null;
  /** Only this path, without its query; `*` stands for anything. */
  path?: string | null;
  /** Only requests whose query or body, or messages whose text, contains this. */
  contains?: string | null;
  /** Only orders of this market, as in btc_usd. */
  market?: string | null;
  /** Only orders of this side. */
  side?: 'buy' | 'sell' | null;
  /** Only the cancellation of this order, by the venue's own number. */
  order?: number | null;
  /** Only the placing of orders with this client order id; `*` stands for anything. */
  client_order_id?: string | null;
  /** So many that it would meet pass before it fires. */
  skip?: number;
  /** It fires at every nth that it meets: 3 is the third, the sixth, and so on. */
  every?: number;
  /** How likely it fires at one that it meets, 0 to 1; drawn from the sandbox's seed. */
  probability?: number;
  /** How often it fires at most, 0 for any number. Left out: once, and with `seconds` any number; lasting kinds any number. */
  count?: number | null;
  /** How long it stays armed, by the sandbox's clock. Left out: until it has fired `count` times, or is disarmed. */
  seconds?: number | null;
  /** Of delay: seconds before the request is carried out. */
  before?: number | null;
  /** Of delay: seconds between carrying it out and the reply. */
  after?: number | null;
  /** Of reset and truncate: how many bytes leave first. Left out: half of them. */
  after_bytes?: number | null;
  /** Of server-error: 500, 502, 503 (left out) or 504. */
  status?: number | null;
  /** Of server-error and reset: whether the request is carried out all the same. Left out: not by server-error, but by reset. */
  executed?: boolean | null;
  /** Of truncate: whether Content-Length is that of what comes ("right", left out), or that of the whole. */
  length?: 'right' | 'wrong' | null;
  /** Of content-type: what the reply says that it is. Left out: text/html. */
  content_type?: string | null;
  /** Of rate-limit and ban: seconds after which the client may try again, as it is told. Of fill: seconds until the rest (left out: 1). */
  wait?: number | null;
  /** Of clock-skew: seconds that the API's clock is ahead, negative for behind. */
  skew?: number | null;
  /** Of stale: replies of so many seconds ago. */
  age?: number | null;
  /** Of stale: replies of so many commands ago. */
  commands?: number | null;
  /** Of socket-close: the close code, 1000 to 4999 (left out: 1006, which sends none and cuts the connection). */
  code?: number | null;
  /** Of socket-close: the reason. */
  reason?: string | null;
  /** Of socket-close, socket-silence and socket-freeze: at once on every open socket that it meets, not at its next message. Of socket-close: then it is over, unless `count` or `seconds` says otherwise. */
  now?: boolean | null;
  /** Of socket-skip: how many messages are lost together (left out: 1). Of socket-late-snapshot: how many go first. */
  messages?: number | null;
  /** Of socket-late-snapshot: seconds until the snapshot. */
  delay?: number | null;
  /** Of fill and partial-cancel: how much of the order is filled, above 0 and at most 100. */
  percent?: number | null;
  /** Of fill: the price of the first part, no worse than the order's own. Left out: the best price there is, or the order's. */
  price?: string | null;
  /** Of fill: what becomes of the rest after `wait` seconds. Left out: it is filled. */
  rest?: 'cancel' | 'fill' | 'leave' | null;
  /** Of fill: the price of the rest, no worse than the order's own. Left out: the order's. */
  rest_price?: string | null;
}

/** A fault that fired: its number, when (µs), and the request that met it. `exchange`: the request's number in the request log, 0 for what the sandbox sent by itself; `logged`: the newest number that the log had then. `request`: its methods and path; `account`: whose it was, null for a stranger's. */
export interface Firing {
  number: number;
  time: number;
  fault: string;
  dialect: string;
  transport: string;
  request: string;
  exchange?: number;
  account?: number | null;
  logged?: number;
}

/** One fault. */
export interface OfFault {
  /** Its id. */
  fault: string;
}

/** A fork that runs. */
export interface ForkRow {
  url: string;
  pid: number;
}

/** Where it is to answer. */
export interface Fork {
  /** 0: any that is free. */
  port?: number;
}

/** A sandbox of its own, which ends with the one that it was forked from. */
export interface Forked {
  url: string;
  pid: number;
  seed: number;
  /** The same users with the same keys. */
  users: Array<Person>;
}

/** One user as the ready file shows him. */
export interface Person {
  name: string;
  password: string;
  account: number;
  keys: Record<string, Record<string, string>>;
}

/** A fork by its process. */
export interface OfFork {
  /** The process's number. */
  pid: number;
}

/** Whose. */
export interface OfAccount {
  /** A user's name, or `@17` for the account of number 17. */
  account: string;
}

/** The assets that the account ever had, in the venue's order. */
export interface Funds {
  account: number;
  funds: Array<AssetFunds>;
}

/** Decimal texts: what can be spent, and what open orders and withdrawals under way hold. */
export interface AssetFunds {
  asset: string;
  available: string;
  held: string;
}

/** At least one of `give` and `take`. */
export interface Faucet {
  /** A user's name, or `@17` for the account of number 17. */
  account: string;
  /** Amounts as in `BTC=1.5,USD=1000`. */
  give?: string;
  /** The same, or `all`: whatever is available. What open orders hold is not taken. */
  take?: string;
}

/** What somebody pays to an account's address. */
export interface Deposit {
  /** A user's name, or `@17` for the account of number 17. */
  account: string;
  /** A coin, such as BTC. */
  asset: string;
  /** A decimal text. */
  amount: string;
  /** So many blocks are found at once, so that it is confirmed without waiting. */
  blocks?: number;
}

/** `confirmations`: as many as the transaction has now. It is credited once it has as many as the configuration asks for. */
export interface Deposited {
  asset: string;
  amount: string;
  address: string;
  txid: string;
  confirmations: number;
}

/** Blocks that are found now, beside those that come by the clock. */
export interface Blocks {
  /** The coin whose network finds them, such as BTC. */
  asset: string;
  /** How many. */
  count?: number;
}

/** So many blocks were found; deposits that have confirmations enough now are credited. */
export interface Mined {
  asset: string;
  count: number;
}

/** Whose keys. */
export interface WhoseKeys {
  /** A name, or `@17` for whom account 17 belongs to; null: everybody's. */
  user?: string | null;
}

export interface KeyRow {
  user: string;
  dialect: string;
  key: string;
  scopes: Array<string>;
  ip_allow: Array<string>;
  created: number;
}

/** What the key shall be. */
export interface FreshKey {
  /** A name, or `@17` for whom account 17 belongs to. */
  user: string;
  /** The kind of key, as the ready file calls them: `btce`, `wex`, `expie`, `mtgox`, `btse`, `native`. */
  dialect: string;
  /** What it may do; null: all that there is. */
  scopes?: Array<string> | null;
  /** Addresses and networks that it may be used from; none: anywhere. */
  ip_allow?: Array<string>;
}

/** `credentials`: what a client needs, by the names that people know it by. */
export interface KeyShown {
  user: string;
  dialect: string;
  scopes: Array<string>;
  ip_allow: Array<string>;
  credentials: Record<string, string>;
}

/** Which key. */
export interface OfKey {
  /** Its public text (Expie: its access id). */
  key: string;
}

/** `repeated`: it was revoked before. */
export interface KeyRevoked {
  key: string;
  repeated: boolean;
}

/** Which order. */
export interface OfOrder {
  /** The venue's number, an API's own id, also as in `btse:` and the id, or `seq-` and the seq of a command that was rejected. */
  order: string;
}

/** One order, or one that was not taken. */
export interface Timeline {
  /** The venue's number; null when it was not taken. */
  order: number | null;
  /** What each API calls it. */
  names: Record<string, string>;
  /** The command that placed it, or would have. */
  seq: number;
  /** That command's time, µs by the sandbox's clock. */
  time: number;
  /** Whose it is: a name, or `@17`. */
  user: string;
  /** The order in words. */
  summary: string;
  /** `open`, `rejected`, or how it ended. */
  state: string;
  /** How much of it was traded by now, of base. */
  filled: string;
  /** What placed it; null when it is not in the log. */
  request: TimelineRequest | null;
  /** What the core checked, in its order. */
  checks: Array<OrderCheck>;
  /** What happened to it, in order. */
  events: Array<TimelineEvent>;
  /** Where it stood, each time that changed; of many two hundred, spread over its life. */
  queue: Array<QueuePlace>;
  /** Its trades. */
  fills: Array<TimelineFill>;
  /** What its account held, released, paid and received for it. */
  ledger: Array<TimelineEntry>;
  /** Replies and messages that named it to its owner, the first fifty. */
  sent: Array<TimelineRequest>;
  /** Ids of all faults that touched it or what was said of it. */
  faults: Array<string>;
  /** It lives on, and the journal is too long to go through all of it. */
  cut: boolean;
}

/** A request, or a message on a socket, without secrets. */
export interface TimelineRequest {
  /** Of the request log. */
  number: number;
  /** When it came or was sent, µs by the sandbox's clock. */
  time: number;
  /** Which API. */
  dialect: string;
  /** Method and path of a request; `sent` or `received` of a socket's message, and the socket's number. */
  what: string;
  /** Of a request what was sent in its query and body; of a message all of it. At most 2,000 characters. */
  body: string;
  /** Of a request: its status and what became of the reply; empty for a message. */
  outcome: string;
  /** The reply's content; empty for a message. At most 2,000 characters. */
  reply: string;
  /** Ids of faults that touched it. */
  faults: Array<string>;
}

/** One check of the core's. */
export interface OrderCheck {
  /** What must be so. */
  rule: string;
  /** `passed`, `failed`, or `not reached` because an earlier one failed. */
  outcome: string;
  /** What was compared; empty where there is nothing to compare. */
  numbers: string;
  /** Of one that failed: the core's code, as in price-too-low. */
  code?: string;
}

/** Something that happened to the order. */
export interface TimelineEvent {
  /** The command that did it. */
  seq: number;
  /** That command's time, µs. */
  time: number;
  /** `accepted`, `traded`, `triggered`, `trailed`, `changed`, `filled`, `cancelled`, `expired`, or another end. */
  what: string;
  /** The same as a sentence, with its numbers. */
  words: string;
  /** The request of this account that did it; null when somebody else did, or the clock, or when it is not known. */
  request: number | null;
}

/** Where the order stood at its price after a command: whoever stood there earlier trades first. */
export interface QueuePlace {
  /** The command. */
  seq: number;
  /** µs. */
  time: number;
  /** Orders before it. */
  orders: number;
  /** What they had left, of base. */
  amount: string;
}

/** A trade of the order's. Decimal texts. */
export interface TimelineFill {
  /** The trade's number. */
  trade: number;
  /** µs. */
  time: number;
  /** Quote for one unit of base. */
  price: string;
  /** Of base. */
  amount: string;
  /** Of quote. */
  total: string;
  /** Of what the order received: base for a buy, quote for a sell. */
  fee: string;
  /** `maker` or `taker`. */
  role: string;
}

/** A ledger entry of the order's account. Decimal texts. */
export interface TimelineEntry {
  /** Its number. */
  entry: number;
  /** The command that made it. */
  seq: number;
  /** µs. */
  time: number;
  /** Its code. */
  asset: string;
  /** `hold`, `release` or `trade`. */
  why: string;
  /** By how much what can be spent changed. */
  available: string;
  /** By how much what orders hold changed. */
  held: string;
}

/** One market. */
export interface OfMarket {
  /** Such as btc_usd. */
  market: string;
}

/** Where a market is. */
export interface PriceShown {
  market: string;
  /** What makers and informed traders think that it is worth, decimal text. */
  fundamental: string;
  /** The best price that somebody buys at, 0 without any. */
  bid: string;
  /** The best price that somebody sells at, 0 without any. */
  ask: string;
}

/** A price for a market. */
export interface PriceLevel {
  /** Such as btc_usd. */
  market: string;
  /** Of one unit of the base, in the quote: decimal text inside the market's limits. */
  price: string;
  /** Whether makers move their quotes at once; otherwise they do when they look next. */
  book?: boolean;
}

/** Historical trades or candles. One of `csv` and `file`. */
export interface PriceRecord {
  /** Such as btc_usd. */
  market: string;
  /** The text. Its first line names the columns: time and price, or time, open, high, low and close; others are passed over. */
  csv?: string;
  /** The whole path of a file of this machine that belongs to the user who runs the sandbox; at most 64 MiB and a million rows. */
  file?: string;
  /** How many times as fast as it was recorded. */
  speed?: number;
}

/** A record that prices follow from now on. `points`: so many prices; `seconds`: so long it lasts. */
export interface RecordFollowed {
  market: string;
  points: number;
  seconds: number;
}

/** Whom to report, and from where on something is a finding. */
export interface ReportOptions {
  /** Only this user, by name. Left out: all that did anything. */
  user?: string | null;
  /** The asset that money is valued in. */
  quote?: string;
  /** More requests than this in a second, by the sandbox's clock, are a finding. */
  requests_per_second?: number;
  /** An order placed by prices that are older, in seconds, is a finding. */
  stale_after?: number;
  /** An order that takes prices so much worse than the middle of the book is a finding. */
  slippage_percent?: number;
}

/** What the bots did. */
export interface Report {
  /** The last command that is in it. */
  seq: number;
  /** That command's time, µs since 1970 by the sandbox's clock. */
  time: number;
  /** The oldest number that the request log still has; 0 without a log. */
  first_request: number;
  /** Users that asked for anything or gave a command, or the one that was asked for; in order of account. */
  bots: Array<BotReport>;
}

/** What one user did. */
export interface BotReport {
  /** The user's name. */
  user: string;
  /** The account's number. */
  account: number;
  /** How many of this account are in the log, messages on sockets included. */
  requests: number;
  /** Its orders, cancels and rejections whose requests are not in the log: of those the checks that need requests say nothing. */
  unlogged: number;
  /** Orders that the venue took. */
  placed: number;
  /** Orders that its core did not take. */
  rejected: number;
  /** Of those taken, how many ended how: filled, cancelled, expired, open, …; those with a part filled say so. */
  orders: Record<string, number>;
  /** Of orders and of anything else, in order of code. */
  rejections: Array<Rejections>;
  /** What it made of its money. */
  money: Money;
  /** What it was told last, in order of asset. */
  balances: Array<BalanceStated>;
  /** All that was looked for. */
  checks: Array<Checked>;
  /** What was found, errors first, then in the order of the checks. */
  findings: Array<Finding>;
}

/** Rejections of one code. */
export interface Rejections {
  /** The core's, as in price-too-low, or, where it did not come to that, the dialects': nonce, authentication, invalid-field, … */
  code: string;
  /** How many there were. */
  count: number;
  /** What the client was told the first time, in its API's words; empty where that is not known. */
  words: string;
  /** Numbers of the request log, the first twenty. */
  requests: Array<number>;
  /** Seqs of the commands that the core rejected, the first twenty: an order among them can be explained as `seq-` and its seq. */
  commands: Array<number>;
}

/** What a bot made of its money: decimal texts, in `quote` unless they say otherwise. */
export interface Money {
  /** The asset that everything is valued in, at the middle of the books. */
  quote: string;
  /** What the account was worth right before its first command. */
  equity_first: string;
  /** What it is worth. */
  equity_now: string;
  /** What came to it since its first command, less what left, each at the prices of its moment. */
  deposited: string;
  /** `equity_now` less `equity_first` and `deposited`: with what prices did to what it has. */
  change: string;
  /** What its trades made, at the prices of now: what the account would be worth more or less without them is left out. */
  profit: string;
  /** Paid, by asset, in units of that; they are in `profit` already. */
  fees: Record<string, string>;
  /** All fees, at the prices of now. */
  fees_value: string;
  /** How many fills its orders had. */
  trades: number;
  /** What it bought and sold, at the prices of now between quotes. */
  volume: string;
  /** How much of the volume rested before it was traded, 0 to 1; null without trades. */
  maker_share: string | null;
  /** What it cost that it took other prices than the middle of the book, negative when they were better; null when it took nothing. */
  slippage: string | null;
  /** The same in percent of what the middle would have cost. */
  slippage_percent: string | null;
  /** Assets that it has, and for which there is no price in `quote`: they count nothing. */
  unvalued: Array<string>;
}

/** A balance that the bot was told last. */
export interface BalanceStated {
  /** Its code. */
  asset: string;
  /** What the reply or push said: what is available, or all where it did not say that. */
  stated: string;
  /** What the ledger has now, in the same form. */
  ledger: string;
  /** Whether they are the same. */
  equal: boolean;
  /** The number of what said it in the request log. */
  request: number;
}

/** One thing that was looked for. */
export interface Checked {
  /** Also its findings'. */
  code: string;
  /** Also its findings'. */
  severity: Severity;
  /** What is well when it passed. */
  title: string;
  /** `passed`, `failed` when there are findings, `skipped` when what it needs to see is not there. */
  outcome: string;
  /** Why it was skipped. */
  why?: string;
}

/** Something that a bot did wrong. */
export interface Finding {
  /** Which check found it; stays for ever. */
  code: string;
  /** `error`: it loses money, or will; `warning`: it goes wrong on another day; `note`: no test fails for it. */
  severity: Severity;
  /** What happened, and what helps. */
  sentence: string;
  /** How often it happened. */
  count?: number;
  /** Numbers of the request log, the first twenty. */
  requests?: Array<number>;
  /** The venue's numbers of orders, the first twenty. */
  orders?: Array<number>;
}

/** What to draw. */
export interface PictureOptions {
  /** Only this user, by name. Left out: all that did anything. */
  user?: string | null;
  /** The asset that money is valued in. */
  quote?: string;
  /** Whose prices, as in btc_usd. Left out: the market with most fills. */
  market?: string | null;
}

/** Two runs whose hashes are the same took the same commands and were answered with the same bytes. */
export interface RunState {
  /** Of the program. */
  version: string;
  /** Seed, clock, users, preset and configuration. */
  start: Start;
  /** SHA-256 of the configuration as JSON with sorted names, 64 hex digits. */
  configuration_hash: string;
  /** µs since 1970 by the sandbox's clock. */
  time: number;
  /** Requests, handshakes and messages of clients so far, this one included. */
  inputs: number;
  /** All commands of the journal: SHA-256 of their records, in order. */
  commands: Counted;
  /** All bytes that clients were sent: the sum, modulo 2^256, of each connection's SHA-256. A connection counts when a dialect was asked on it; pongs do not. */
  sent: Counted;
  /** Why a bundle of this run could not be repeated; empty when it can. */
  gaps: Array<string>;
}

/** What a run began with. */
export interface Start {
  /** Of the market, the keys and the passwords. */
  seed: number;
  /** manual, real, or x60 and the like. */
  clock: string;
  /** The users' names, with commas between; null: the default ones. */
  users: string | null;
  /** What each user was given; empty: the default amounts. */
  fund: string;
  /** Of the traders. */
  preset: string;
  /** All settings that counted. */
  configuration: Record<string, unknown>;
}

/** How many there were, and a hash of them in 64 hex digits. */
export interface Counted {
  /** Commands: how many. Bytes that were sent: how many. */
  count: number;
  /** 64 hex digits. */
  hash: string;
  /** Of bytes that were sent: on how many connections that count. */
  connections?: number;
}

/** A snapshot. */
export interface SnapshotRow {
  name: string;
  /** What time it was in the sandbox, ISO 8601. */
  time: string;
  /** The same in µs since 1970. */
  micros: number;
  /** The last command that is in it. */
  seq: number;
  /** The seed of the sandbox that was saved. */
  seed: number;
}

/** A snapshot by its name. */
export interface Named {
  /** Letters, digits, dots, dashes and underscores, at most 64, a letter or digit first. `start`: as the sandbox was at its start. */
  name: string;
}

/** A sandbox as a snapshot had it. */
export interface Restored {
  name: string;
  /** The seed of the sandbox that was saved. */
  seed: number;
  /** What time it was in it, ISO 8601. */
  time: string;
  /** The same in µs since 1970. */
  micros: number;
  /** The last command that was in it. */
  seq: number;
  /** With their passwords and keys at its start, which follow from the seed. */
  users: Array<Person>;
}

/** Which start. */
export interface Seed {
  /** Another seed makes another sandbox, as a start with it would; null: the start of this one. */
  seed?: number | null;
}

/** A sandbox at its start. */
export interface Began {
  seed: number;
  /** What time it is in it, ISO 8601. */
  time: string;
  /** The same in µs since 1970. */
  micros: number;
  /** The last command of the start. */
  seq: number;
  /** With their passwords and keys, which follow from the seed. */
  users: Array<Person>;
}

/** How many trades are still to come. */
export interface TapeState {
  left: number;
}

/** Recorded trades. One of `csv` and `file`. */
export interface TapeRecord {
  /** Such as btc_usd. */
  market: string;
  /** The text. Its first line names the columns: time, price, amount and, if known, side (buy or sell: the taker's). */
  csv?: string;
  /** The whole path of a file of this machine that belongs to the user who runs the sandbox; at most 64 MiB and a million rows. */
  file?: string;
  /** How many times as fast as they were recorded. */
  speed?: number;
}

export type Nothing = Record<string, unknown>;

export type Severity = 'error' | 'note' | 'warning';

/** A method for each operation. */
export interface ControlMethods {
  /** Says what time it is in the sandbox. */
  clock(): Promise<ClockState>;
  /** Moves a manual clock, and everything that is due on the way. */
  moveClock(fields?: Movement): Promise<ClockState>;
  /** Lists the faults that are armed, those that are over, and what fired. */
  faults(): Promise<FaultsShown>;
  /** Arms a fault. */
  armFault(fields: FaultPlan): Promise<ShownFault>;
  /** Disarms a fault, and ends what it began. */
  disarmFault(fields: OfFault): Promise<ShownFault>;
  /** Disarms all faults, and ends what they began. */
  disarmFaults(): Promise<FaultsShown>;
  /** Lists the forks that run. */
  forks(): Promise<Array<ForkRow>>;
  /** Starts a second sandbox that goes on from this state, with everything. */
  fork(fields?: Fork): Promise<Forked>;
  /** Ends a fork. */
  endFork(fields: OfFork): Promise<ForkRow>;
  /** Says what an account has. */
  funds(fields: OfAccount): Promise<Funds>;
  /** Gives money to an account, or takes some from it, through the ledger. */
  fund(fields: Faucet): Promise<Funds>;
  /** Pays coins to an account over the simulated coin network. */
  deposit(fields: Deposit): Promise<Deposited>;
  /** Has the simulated coin network find blocks now. */
  mine(fields: Blocks): Promise<Mined>;
  /** Lists the keys that are good, without their secrets. */
  keys(fields?: WhoseKeys): Promise<Array<KeyRow>>;
  /** Makes a key that has used no nonce yet. */
  createKey(fields: FreshKey): Promise<KeyShown>;
  /** Makes a key in the place of another, which is revoked. */
  renewKey(fields: OfKey): Promise<KeyShown>;
  /** Ends a key, and the sockets that are open with it. */
  revokeKey(fields: OfKey): Promise<KeyRevoked>;
  /** Gives this API as an OpenAPI 3.1 document. */
  openapi(): Promise<Record<string, unknown>>;
  /** Says what happened to an order, from its request to its end. */
  explain(fields: OfOrder): Promise<Timeline>;
  /** Says the same as text, for people. */
  explainText(fields: OfOrder): Promise<Uint8Array>;
  /** Says what a market's base is worth, and what is quoted. */
  price(fields: OfMarket): Promise<PriceShown>;
  /** Has a market's base be worth so much from now on. */
  setPrice(fields: PriceLevel): Promise<PriceShown>;
  /** Has prices follow recorded trades or candles. */
  followPrices(fields: PriceRecord): Promise<RecordFollowed>;
  /** Says what the bots did, and what they did wrong. */
  report(fields?: ReportOptions): Promise<Report>;
  /** Says the same in Markdown, for people. */
  reportMarkdown(fields?: ReportOptions): Promise<Uint8Array>;
  /** Says the same as JUnit's XML, a test case for each check. */
  reportJunit(fields?: ReportOptions): Promise<Uint8Array>;
  /** Draws prices, own fills and what accounts are worth. */
  reportPicture(fields?: PictureOptions): Promise<Uint8Array>;
  /** Says what the run began with, and hashes all that came of it. */
  run(): Promise<RunState>;
  /** Gives the file that `cambist replay` repeats the run from. */
  bundle(): Promise<Uint8Array>;
  /** Lists what was saved. */
  snapshots(): Promise<Array<SnapshotRow>>;
  /** Saves the whole sandbox under a name: orders, money, traders, timers, clock. */
  save(fields: Named): Promise<SnapshotRow>;
  /** Makes the sandbox what it was when it was saved. */
  restore(fields: Named): Promise<Restored>;
  /** Removes a snapshot. */
  removeSnapshot(fields: Named): Promise<SnapshotRow>;
  /** Makes the sandbox what it was at its start, or what it would be with another seed. */
  reset(fields?: Seed): Promise<Began>;
  /** Says how many recorded trades are still to come. */
  tape(): Promise<TapeState>;
  /** Has recorded trades happen from now on, in the place of those to come. */
  playTape(fields: TapeRecord): Promise<TapeState>;
  /** Drops the recorded trades that are still to come. */
  stopTape(): Promise<TapeState>;
}

export const OPERATIONS: readonly { name: string; method: string; path: string; media: string }[];
