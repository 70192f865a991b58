// Drives an unmodified mtgox 1.0.1 (npm) through everything that it can do.
//
// usage: node drive_mtgox.js CONFIG   (JSON: url, modules, alice and bob each with key and secret)
// Prints `passed: name` for each situation; whatever fails ends it with a traceback.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const MtGox = require(path.join(config.modules, 'mtgox'));

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const alice = new MtGox({ url: `${config.url}/api`, ...config.alice });
const bob = new MtGox({ url: `${config.url}/api`, ...config.bob });
const stranger = new MtGox({ url: `${config.url}/api`, key: config.alice.key, secret: config.bob.secret });

function call(client, method, ...given) {
  return new Promise((resolve, reject) => {
    client[method](...given, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

async function refused(promise, text) {
  await assert.rejects(promise, (error) => error.message.includes(text));
}

const situations = {
  async 'an empty market'() {
    assert.deepEqual(await call(alice, 'depth', 'BTCUSD'), { bids: [], asks: [] });
    const market = await call(alice, 'market', 'BTCUSD');
    assert.deepEqual([market.bid, market.ask, market.last, market.volume], ['0', '0', '0', '0']);
    assert.ok(Math.abs(market.timestamp / 1000 - Date.now()) < 3600e3);
    assert.deepEqual(await call(alice, 'orders'), []);
  },

  async 'orders in both directions'() {
    const bid = await call(alice, 'order', { market: 'BTCUSD', side: 'bid', price: '100.5', volume: '2' });
    const ask = await call(bob, 'order', { market: 'BTCUSD', side: 'ask', price: '120.25', volume: '0.75' });
    assert.match(bid, UUID);
    assert.match(ask, UUID);
    assert.deepEqual(await call(alice, 'orders'), [{ id: bid, side: 'bid', market: 'BTCUSD', volume: '2', price: '100.5' }]);
    assert.deepEqual(await call(bob, 'orders'), [{ id: ask, side: 'ask', market: 'BTCUSD', volume: '0.75', price: '120.25' }]);
    assert.deepEqual(await call(alice, 'depth', 'BTCUSD'), {
      bids: [{ price: '100.5', volume: '2' }],
      asks: [{ price: '120.25', volume: '0.75' }],
    });
  },

  async 'a trade and the ticker after it'() {
    await call(bob, 'order', { market: 'BTCUSD', side: 'ask', price: '100.5', volume: '0.5' });
    const [left] = await call(alice, 'orders');
    assert.equal(left.volume, '1.5');
    const market = await call(alice, 'market', 'BTCUSD');
    assert.deepEqual([market.bid, market.ask, market.last, market.high], ['100.5', '120.25', '100.5', '100.5']);
    assert.deepEqual([market.volume, market.average], ['0.5', '100.5']);
  },

  async 'another currency'() {
    const id = await call(alice, 'order', { market: 'BTCEUR', side: 'bid', price: '91.23456', volume: '1' });
    assert.deepEqual((await call(alice, 'depth', 'BTCEUR')).bids, [{ price: '91.23456', volume: '1' }]);
    assert.equal((await call(alice, 'market', 'BTCEUR')).bid, '91.23456');
    assert.equal((await call(alice, 'cancel', id)).oid, id);
  },

  async 'cancelling'() {
    for (const client of [alice, bob]) {
      for (const order of await call(client, 'orders')) {
        assert.equal((await call(client, 'cancel', order.id)).oid, order.id);
        await refused(call(client, 'cancel', order.id), 'Order not found');
      }
      assert.deepEqual(await call(client, 'orders'), []);
    }
    assert.deepEqual(await call(alice, 'depth', 'BTCUSD'), { bids: [], asks: [] });
  },

  async 'an order without funds'() {
    const id = await call(alice, 'order', { market: 'BTCUSD', side: 'bid', price: '9000', volume: '99999' });
    const [order] = await call(alice, 'orders');
    assert.equal(order.id, id);
    assert.deepEqual(await call(alice, 'depth', 'BTCUSD'), { bids: [], asks: [] });
    assert.equal((await call(alice, 'cancel', id)).oid, id);
    assert.deepEqual(await call(alice, 'orders'), []);
  },

  async 'rejections arrive as errors'() {
    await refused(call(alice, 'order', { market: 'BTCUSD', side: 'buy', price: '1', volume: '1' }), 'Invalid parameter "type"');
    await refused(call(alice, 'order', { market: 'BTCUSD', side: 'bid', price: '10', volume: '0.0001' }), 'Order amount is too low');
    await refused(call(alice, 'order', { market: 'BTCUSD', side: 'bid', price: '0.00001', volume: '1' }), 'Order price is too low');
    await refused(call(stranger, 'orders'), 'Invalid Rest-Sign');
    await refused(call(alice, 'depth', 'BTCXXX'), 'Unknown currency pair');
    assert.deepEqual(await call(alice, 'orders'), []);
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
