// Drives an unmodified ccxt for Node by its unified methods on BTSE.
//
// usage: node drive_ccxt.js CONFIG   (JSON: url, modules, alice and bob each with key and secret)
// Prints `passed: name` for each situation; an assertion that fails ends it. Nothing of Cambist is here.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const ccxt = createRequire(path.join(config.modules, '..', 'client.js'))('ccxt');
const SYMBOL = 'BTC/USD';
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

function exchange(user) {
  const made = new ccxt.btse({ apiKey: user.key, secret: user.secret, enableRateLimit: false });
  made.urls.api = { public: config.url, private: config.url };
  return made;
}

const alice = exchange(config.alice);
const bob = exchange(config.bob);

const situations = {
  async 'markets and money'() {
    const market = (await alice.loadMarkets())[SYMBOL];
    assert.deepEqual([market.id, market.active, market.precision.amount], ['BTC-USD', true, 1e-8]);
    assert.ok(Math.abs((await alice.fetchTime()) - Date.now()) < 60_000);
    const { USD } = await alice.fetchBalance();
    assert.ok(USD.total > 0 && USD.total === USD.free);
    assert.equal((await alice.fetchTradingFee(SYMBOL)).maker, 0.002);
    assert.equal((await alice.fetchLedger('USD'))[0].amount, USD.total);
  },

  async 'orders from placing to their end'() {
    const placed = await alice.createOrder(SYMBOL, 'limit', 'buy', 0.5, 1000.5, { clientOrderId: 'js', postOnly: true });
    assert.deepEqual([placed.status, placed.clientOrderId, placed.price, placed.amount], ['open', 'js', 1000.5, 0.5]);
    assert.deepEqual((await alice.fetchOrderBook(SYMBOL, 5)).bids, [[1000.5, 0.5]]);
    const edited = await alice.editOrder(placed.id, SYMBOL, 'limit', 'buy', 0.75, 1001);
    assert.deepEqual([edited.id, edited.price, edited.amount], [placed.id, 1001, 0.75]);
    const sold = await bob.createOrder(SYMBOL, 'market', 'sell', 0.25);
    assert.deepEqual([sold.status, sold.filled, sold.average], ['closed', 0.25, 1001]);
    const [open] = await alice.fetchOpenOrders(SYMBOL);
    assert.deepEqual([open.id, open.filled, open.remaining], [placed.id, 0.25, 0.5]);
    const cancelled = await alice.cancelOrder(placed.id, SYMBOL);
    assert.deepEqual([cancelled.status, cancelled.filled], ['canceled', 0.25]);
    const [trade] = await alice.fetchMyTrades(SYMBOL);
    assert.deepEqual([trade.order, trade.price, trade.amount, trade.fee.currency], [placed.id, 1001, 0.25, 'BTC']);
    assert.equal((await alice.fetchOrderTrades(placed.id, SYMBOL))[0].id, trade.id);
  },

  async 'market data'() {
    const [trade] = await alice.fetchTrades(SYMBOL, undefined, 5);
    assert.deepEqual([trade.side, trade.price, trade.amount], ['sell', 1001, 0.25]);
    assert.deepEqual((await alice.fetchOHLCV(SYMBOL, '1d', undefined, 5)).at(-1).slice(1), [1001, 1001, 1001, 1001, 250.25]);
    const ticker = await alice.fetchTicker(SYMBOL);
    assert.deepEqual([ticker.last, ticker.baseVolume, ticker.quoteVolume], [1001, 0.25, 250.25]);
    assert.equal((await alice.fetchTickers())[SYMBOL].last, 1001);
  },

  async 'stops of both kinds'() {
    const loss = await alice.createOrder(SYMBOL, 'limit', 'sell', 0.1, 890, { stopLossPrice: 900 });
    const profit = await alice.createOrder(SYMBOL, 'limit', 'sell', 0.1, 1990, { takeProfitPrice: 2000 });
    assert.deepEqual([loss, profit].map((order) => [order.status, order.triggerPrice]), [['open', 900], ['open', 2000]]);
    assert.deepEqual((await alice.cancelAllOrders(SYMBOL)).map((order) => order.status), ['canceled', 'canceled']);
  },

  async 'many at once'() {
    const numbers = [...Array(10).keys()];
    const placed = await Promise.all(numbers.map((number) => alice.createLimitBuyOrder(SYMBOL, 0.1, 500 + number)));
    const ended = await Promise.all(placed.map((order) => alice.cancelOrder(order.id, SYMBOL)));
    assert.ok(ended.every((order) => order.status === 'canceled'));
    assert.deepEqual(await alice.fetchOpenOrders(), []);
    assert.equal((await alice.cancelAllOrdersAfter(0)).success, true);
  },

  async 'what names its money, its time and its page'() {
    await bob.createLimitSellOrder(SYMBOL, 1, 1000);
    const bought = await alice.createOrder(SYMBOL, 'market', 'buy', undefined, undefined, { cost: 250 });
    assert.deepEqual([bought.status, bought.filled, bought.average], ['closed', 0.25, 1000]);
    const trades = await alice.fetchMyTrades(SYMBOL);
    assert.deepEqual(await alice.fetchMyTrades(SYMBOL, undefined, 1), trades.slice(-1));
    assert.deepEqual(await alice.fetchMyTrades(SYMBOL, trades[0].timestamp), trades);
    const [candle] = (await alice.fetchOHLCV(SYMBOL, '1h', undefined, 1)).slice(-1);
    assert.deepEqual(await alice.fetchOHLCV(SYMBOL, '1h', candle[0], 1), [candle]);
    await bob.cancelAllOrders(SYMBOL);
    const slow = exchange(config.alice);
    await slow.loadTimeDifference();
    assert.ok(Math.abs(slow.options.timeDifference) < 60_000);
  },

  async 'rejections'() {
    await assert.rejects(alice.createLimitBuyOrder(SYMBOL, 900_000, 9000), ccxt.InsufficientFunds);
    await assert.rejects(alice.cancelOrder(UNKNOWN_ID, SYMBOL), ccxt.OrderNotFound);
    await assert.rejects(alice.createLimitBuyOrder(SYMBOL, 900_000_000, 9000), ccxt.InvalidOrder);
    await assert.rejects(exchange({ key: config.alice.key, secret: 'wrong' }).fetchBalance(), ccxt.AuthenticationError);
    await assert.rejects(alice.publicGetPublicApiMarketV1Orderbook({ symbol: 'XXX-USD' }), ccxt.BadSymbol);
    await assert.rejects(alice.createLimitBuyOrder(SYMBOL, 1, 100, { orderColour: 'green' }), ccxt.BadRequest);
    const late = exchange(config.alice);
    late.options.timeDifference = 120_000;
    await assert.rejects(late.fetchBalance(), ccxt.InvalidNonce);
  },
};

(async () => {
  for (const [name, situation] of Object.entries(situations)) {
    await situation();
    console.log(`passed: ${name}`);
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
