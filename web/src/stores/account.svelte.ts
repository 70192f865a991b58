// One's own orders, fills and balances, as the stream tells them; what has ended comes from the server's history.

import { newIdempotencyKey, send } from "../api/client";
import {
  cancelAllOrders,
  cancelOrder,
  listFees,
  listFills,
  listOrders,
  placeOrder,
  replaceOrder,
  type Balance,
  type Fees,
  type Fill,
  type Order,
  type OrderPlaced,
  type PlaceOrder,
  type ReplaceOrder,
  type ServerMessage,
} from "../api/generated";
import { FollowedRows } from "../model/own";
import { connection } from "./connection.svelte";
import { Paced } from "./paced";

const KEPT = 200;

/** Something that was sent and is not acknowledged yet. */
export interface Sending {
  key: string;
  order: PlaceOrder;
}

const isLiveOrder = (order: Order): boolean => order.status === "open" || order.status === "waiting";

class Account {
  open = $state.raw<Order[]>([]);
  finished = $state.raw<Order[]>([]);
  fills = $state.raw<Fill[]>([]);
  balances = $state.raw<ReadonlyMap<string, Balance>>(new Map());
  fees = $state.raw<ReadonlyMap<string, Fees>>(new Map());
  sending = $state.raw<Sending[]>([]);
  /** Orders of which a cancel or a change is under way. */
  busy = $state.raw<ReadonlySet<string>>(new Set());
  areOrdersLoaded = $state(false);
  areBalancesLoaded = $state(false);
  isHistoryLoaded = $state(false);
  private orders = new FollowedRows<Order>((order) => order.id, isLiveOrder);
  private balanceRows = new FollowedRows<Balance>((balance) => balance.asset);
  private ends: (() => void)[] = [];
  /** What came since the last drawing: somebody may watch their own program at work. */
  private ended: Order[] = [];
  private filled: Fill[] = [];
  private readonly paced = new Paced(() => this.show());
  private fillListeners = new Set<(fills: Fill[]) => void>();

  /** Follows everything of whoever is logged in. */
  begin(): void {
    this.end();
    this.ends = [
      connection.follow("orders", {
        message: (message) => this.orderMessage(message),
        interrupted: () => this.orders.interrupt(),
        begun: () => void this.loadHistory().catch(() => undefined),
      }),
      connection.follow("balances", { message: (message) => this.balanceMessage(message), interrupted: () => this.balanceRows.interrupt() }),
      connection.listen("fills", (message) => this.fillMessage(message)),
    ];
    void this.loadFees();
  }

  end(): void {
    for (const end of this.ends) end();
    this.ends = [];
    this.paced.stop();
    this.ended = [];
    this.filled = [];
    this.orders = new FollowedRows<Order>((order) => order.id, isLiveOrder);
    this.balanceRows = new FollowedRows<Balance>((balance) => balance.asset);
    this.open = [];
    this.finished = [];
    this.fills = [];
    this.balances = new Map();
    this.fees = new Map();
    this.sending = [];
    this.areOrdersLoaded = this.areBalancesLoaded = this.isHistoryLoaded = false;
  }

  /** What ended and what was traded before now; again after every interruption. */
  async loadHistory(): Promise<void> {
    const [orders, fills] = await Promise.all([send(listOrders({ state: "finished", limit: 100 })), send(listFills({ limit: 100 }))]);
    this.finished = merged(orders.rows, this.finished, (order) => order.id);
    this.fills = merged(fills.rows, this.fills, (fill) => `${fill.trade_id}/${fill.order_id}`);
    this.isHistoryLoaded = true;
  }

  async loadFees(): Promise<void> {
    this.fees = new Map((await send(listFees()).catch(() => [])).map((fees) => [fees.market, fees]));
  }

  /** What of an asset can be spent; undefined until that is known, which is no reason to refuse anything. */
  available(asset: string): string | undefined {
    return this.areBalancesLoaded ? (this.balances.get(asset)?.available ?? "0") : undefined;
  }

  /** Calls back with every fill that happens from now on. */
  onFills(listener: (fills: Fill[]) => void): () => void {
    this.fillListeners.add(listener);
    return () => this.fillListeners.delete(listener);
  }

  async place(order: PlaceOrder): Promise<OrderPlaced> {
    const key = newIdempotencyKey();
    this.sending = [...this.sending, { key, order }];
    try {
      return await send(placeOrder(order), key);
    } finally {
      this.sending = this.sending.filter((one) => one.key !== key);
    }
  }

  cancel(id: string): Promise<unknown> {
    return this.whileBusy(id, () => send(cancelOrder(id)));
  }

  replace(id: string, change: ReplaceOrder): Promise<unknown> {
    return this.whileBusy(id, () => send(replaceOrder(id, change)));
  }

  async cancelAll(market?: string): Promise<number> {
    return (await send(cancelAllOrders(market === undefined ? {} : { market }))).count;
  }

  private async whileBusy<T>(id: string, run: () => Promise<T>): Promise<T> {
    this.busy = new Set(this.busy).add(id);
    try {
      return await run();
    } finally {
      const busy = new Set(this.busy);
      busy.delete(id);
      this.busy = busy;
    }
  }

  private orderMessage(message: ServerMessage): void {
    if (message.type === "orders-snapshot") {
      this.orders.snapshot(message.sequence, message.orders);
    } else if (message.type === "orders") {
      this.orders.change(message.sequence, message.orders);
      for (const order of message.orders) if (!isLiveOrder(order)) this.ended.push(order);
    } else return;
    this.paced.ask();
  }

  private balanceMessage(message: ServerMessage): void {
    if (message.type === "balances-snapshot") this.balanceRows.snapshot(message.sequence, message.balances);
    else if (message.type === "balances") this.balanceRows.change(message.sequence, message.balances);
    else return;
    this.paced.ask();
  }

  private fillMessage(message: ServerMessage): void {
    if (message.type !== "fills") return;
    this.filled.push(...message.fills);
    this.paced.ask();
  }

  private show(): void {
    const ended = this.ended.splice(0).reverse();
    const filled = this.filled.splice(0);
    if (ended.length > 0) this.finished = merged(ended, this.finished, (order) => order.id);
    if (filled.length > 0) this.fills = merged([...filled].reverse(), this.fills, (fill) => `${fill.trade_id}/${fill.order_id}`);
    this.open = this.orders.all().sort((a, b) => b.created - a.created || Number(BigInt(b.id) - BigInt(a.id)));
    this.balances = new Map(this.balanceRows.all().map((balance) => [balance.asset, balance]));
    this.areOrdersLoaded ||= this.orders.isLive;
    this.areBalancesLoaded ||= this.balanceRows.isLive;
    if (filled.length > 0) for (const listener of this.fillListeners) listener(filled);
  }
}

/** Newer rows before those that are known, each once, newest first. */
function merged<T extends { time?: number; updated?: number }>(newer: T[], known: T[], keyOf: (row: T) => string): T[] {
  const rows = new Map<string, T>();
  for (const row of [...newer, ...known]) if (!rows.has(keyOf(row))) rows.set(keyOf(row), row);
  const timeOf = (row: T): number => row.updated ?? row.time ?? 0;
  return [...rows.values()].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, KEPT);
}

export const account = new Account();
