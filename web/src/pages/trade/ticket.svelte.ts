// The order that is being written on the trade page: book, chart and keyboard fill it, the ticket shows and sends it.

import { wordsOf, ApiProblem } from "../../api/client";
import type { Market, OrderPlaced } from "../../api/generated";
import { Decimal } from "../../model/decimal";
import { fixed, marketTitle, short } from "../../model/format";
import {
  canPostOnly,
  check,
  forcesOf,
  hasLimit,
  isByTotal,
  moved,
  portion,
  type Draft,
  type OrderType,
  type Situation,
  type TicketField,
  type TimeInForce,
} from "../../model/ticket";
import { account } from "../../stores/account.svelte";
import type { BookStore } from "../../stores/book.svelte";
import { markets } from "../../stores/markets.svelte";
import { venue } from "../../stores/venue.svelte";
import { toasts } from "../../stores/toasts.svelte";

const FIELDS: Record<string, TicketField> = { price: "price", amount: "amount", funds: "total", stop_price: "stopPrice", trail: "trail", expires: "expires" };

export class Ticket {
  side = $state<"buy" | "sell">("buy");
  type = $state<OrderType>("limit");
  price = $state("");
  amount = $state("");
  total = $state("");
  stopPrice = $state("");
  trail = $state("");
  /** What was chosen for orders with a limit, and for the others: neither makes the other something that nobody asked for. */
  private wantedForce = $state<TimeInForce>("gtc");
  private wantedAtMarket = $state<TimeInForce>("ioc");
  /** As a date-and-time input writes it, in this machine's zone. */
  expires = $state("");
  postOnly = $state(false);
  isSending = $state(false);
  /** Whether somebody tried to send it: what is empty is then complained of. */
  wasTried = $state(false);
  /** What the server said no for, until something is changed. */
  refusal = $state<{ field: TicketField | null; words: string } | null>(null);
  /** Of the fields that say how much, which one was written last. */
  private isTotalLeading = $state(false);

  constructor(
    readonly market: Market,
    private readonly book: BookStore,
  ) {}

  readonly forces = $derived(forcesOf(this.type));
  readonly timeInForce = $derived.by<TimeInForce>(() => {
    const wanted = hasLimit(this.type) ? this.wantedForce : this.wantedAtMarket;
    return this.forces.includes(wanted) ? wanted : (this.forces[0] as TimeInForce);
  });

  private readonly draft = $derived<Draft>({
    side: this.side,
    type: this.type,
    price: this.price,
    amount: this.amount,
    total: this.total,
    stopPrice: this.stopPrice,
    trail: this.trail,
    timeInForce: this.timeInForce,
    expires: this.expires === "" ? null : new Date(this.expires).getTime() * 1000,
    postOnly: this.postOnly,
  });

  private readonly situation = $derived.by<Situation>(() => ({
    market: markets.find(this.market.name) ?? this.market,
    availableBase: numberOf(account.available(this.market.base)),
    availableQuote: numberOf(account.available(this.market.quote)),
    bids: this.book.bids,
    asks: this.book.asks,
    makerPpm: account.fees.get(this.market.name)?.maker_ppm ?? this.market.maker_fee_ppm,
    takerPpm: account.fees.get(this.market.name)?.taker_ppm ?? this.market.taker_fee_ppm,
    now: venue.now(),
  }));

  readonly checked = $derived(check(this.draft, this.situation));
  readonly mayPostOnly = $derived(canPostOnly(this.draft));
  readonly isByTotal = $derived(isByTotal(this.draft));

  /** What stands below a field. */
  error(field: TicketField): string | undefined {
    if (this.refusal?.field === field) return this.refusal.words;
    const words = this.checked.errors[field];
    if (words !== undefined) return words;
    return this.wasTried && this.checked.missing === field ? "This is needed." : undefined;
  }

  /** What the button says: side, size and price. */
  readonly label = $derived.by(() => {
    const verb = this.side === "buy" ? "Buy" : "Sell";
    const size = this.isByTotal ? (this.total ? `for ${this.total} ${this.market.quote}` : "") : this.amount ? `${this.amount} ${this.market.base}` : "";
    if (size === "") return `${verb} ${this.market.base}`;
    const at = hasLimit(this.type) ? (this.price ? `at ${this.price}` : "") : "at market";
    return `${verb} ${size} ${at}`.trim();
  });

  setSide(side: "buy" | "sell"): void {
    this.side = side;
    this.changed();
    if (side === "sell" && this.isTotalLeading) this.total = "";
  }

  setType(type: OrderType): void {
    this.type = type;
    this.changed();
    if (!hasLimit(type)) {
      this.total = "";
      this.isTotalLeading = false;
    }
    if (hasLimit(type)) this.setPrice(this.price === "" ? this.bestPrice() : this.price);
  }

  setForce(force: TimeInForce): void {
    if (hasLimit(this.type)) this.wantedForce = force;
    else this.wantedAtMarket = force;
    this.changed();
  }

  setPrice(price: string): void {
    this.price = price;
    this.changed();
    if (this.isTotalLeading) this.amountFromTotal();
    else this.totalFromAmount();
  }

  setAmount(amount: string): void {
    this.amount = amount;
    this.isTotalLeading = false;
    this.changed();
    this.totalFromAmount();
  }

  setTotal(total: string): void {
    this.total = total;
    this.isTotalLeading = true;
    this.changed();
    if (hasLimit(this.type)) this.amountFromTotal();
    else if (this.side === "buy") this.amount = "";
  }

  usePortion(percent: number): void {
    if (hasLimit(this.type) && this.price === "") this.setPrice(this.bestPrice());
    const found = portion(this.draft, this.situation, percent);
    if (found === null) return;
    if ("amount" in found) this.setAmount(found.amount);
    else this.setTotal(found.total);
  }

  /** A row of the book was chosen: its price, or how much there is up to it too. */
  fromBook(price: string, amount?: string): void {
    if (!hasLimit(this.type)) this.setType("limit");
    this.setPrice(Decimal.from(price).toShortString());
    if (amount !== undefined) this.setAmount(Decimal.from(amount).toShortString());
  }

  movePrice(ticks: number, field: "price" | "stopPrice" = hasLimit(this.type) ? "price" : "stopPrice"): void {
    const next = moved(this[field], ticks, this.market.price_decimals, this.bestPrice());
    if (field === "price") this.setPrice(next);
    else {
      this.stopPrice = next;
      this.changed();
    }
  }

  clear(): void {
    this.amount = this.total = this.stopPrice = this.trail = "";
    this.changed();
  }

  changed(): void {
    this.refusal = null;
    this.wasTried = false;
  }

  /** Null when it was not sent or was refused; the fields say why. */
  async submit(): Promise<OrderPlaced | null> {
    this.wasTried = true;
    const order = this.checked.order;
    if (order === null || this.isSending) return null;
    this.isSending = true;
    this.refusal = null;
    try {
      const placed = await account.place(order);
      toasts.say(wordsOfPlaced(placed, this.market), placed.status === "cancelled" ? "plain" : "good");
      this.clear();
      return placed;
    } catch (error) {
      const field = error instanceof ApiProblem ? (FIELDS[error.field ?? ""] ?? null) : null;
      this.refusal = { field, words: wordsOf(error) };
      void markets.refresh(); // its limits may be others now, or it may be halted
      return null;
    } finally {
      this.isSending = false;
    }
  }

  /** The best price of the own side, to start from. */
  bestPrice(): string {
    const own = this.side === "buy" ? this.book.bids[0] : this.book.asks[0];
    return (own ?? this.book.bids[0] ?? this.book.asks[0])?.price ?? "";
  }

  private totalFromAmount(): void {
    if (!hasLimit(this.type)) {
      this.total = "";
      return;
    }
    const price = Decimal.parse(this.price);
    const amount = Decimal.parse(this.amount);
    this.total = price === null || amount === null ? "" : price.multiply(amount).rescale(8, "up").toShortString();
  }

  private amountFromTotal(): void {
    const price = Decimal.parse(this.price);
    const total = Decimal.parse(this.total);
    const usable = price !== null && total !== null && price.isPositive;
    this.amount = usable ? total.divide(price, this.market.amount_decimals).toShortString() : "";
  }
}

function numberOf(text: string | undefined): Decimal | null {
  return text === undefined ? null : Decimal.from(text);
}

function wordsOfPlaced(placed: OrderPlaced, market: Market): string {
  const filled = short(placed.filled, market.amount_decimals);
  const title = marketTitle(market.name);
  const traded = Decimal.from(placed.filled);
  const average = traded.isZero ? "" : ` at ${fixed(Decimal.from(placed.total).divide(traded, market.price_decimals), market.price_decimals)}`;
  switch (placed.status) {
    case "filled":
      return `Filled: ${filled} ${market.base}${average} on ${title}.`;
    case "waiting":
      return `Order ${placed.id} waits for its trigger.`;
    case "open":
      return traded.isZero ? `Order ${placed.id} is in the book.` : `Order ${placed.id}: ${filled} ${market.base} filled${average}, the rest is in the book.`;
    default:
      return traded.isZero ? "Nothing was filled; the order is cancelled." : `${filled} ${market.base} filled${average}; the rest is cancelled.`;
  }
}
