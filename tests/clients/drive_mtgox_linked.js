// Two unmodified clients, mtgox 1.0.1 (npm), trade with each other in two currencies of a linked market.
//
// usage: node drive_mtgox_linked.js CONFIG   (as for drive_mtgox.js; a euro is 1.2 dollars, converting costs 0.25 %)
// Prints `passed: name` for each situation; whatever fails ends it with a traceback.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const MtGox = require(path.join(config.modules, 'mtgox'));

const alice = new MtGox({ url: `${config.url}/api`, ...config.alice });
const bob = new MtGox({ url: `${config.url}/api`, ...config.bob });

function call(client, method, ...given) {
  return new Promise((resolve, reject) => {
    client[method](...given, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

async function left(client) {
  return (await call(client, 'orders')).map(({ market, side, price, volume }) => [market, side, price, volume]);
}

const situations = {
  async 'an ask in dollars is offered in euros'() {
    await call(bob, 'order', { market: 'BTCUSD', side: 'ask', price: '120', volume: '0.75' });
    // 120 * 1.0025 / 1.2
    assert.deepEqual(await call(alice, 'depth', 'BTCEUR'), { bids: [], asks: [{ price: '100.25', volume: '0.75' }] });
    assert.equal((await call(alice, 'market', 'BTCEUR')).ask, '100.25');
    assert.deepEqual((await call(bob, 'depth', 'BTCUSD')).asks, [{ price: '120', volume: '0.75' }]);
  },

  async 'a bid in euros takes it'() {
    await call(alice, 'order', { market: 'BTCEUR', side: 'bid', price: '100.25', volume: '0.5' });
    assert.deepEqual(await left(alice), []);
    assert.deepEqual(await left(bob), [['BTCUSD', 'ask', '120', '0.25']]);
    const [euros, dollars] = [await call(alice, 'market', 'BTCEUR'), await call(bob, 'market', 'BTCUSD')];
    assert.deepEqual([euros.last, euros.volume, euros.ask], ['100.25', '0.5', '100.25']);
    assert.deepEqual([dollars.last, dollars.volume, dollars.ask], ['120', '0.5', '120']);
  },

  async 'a bid in euros is offered in dollars, and an ask in dollars takes it'() {
    await call(alice, 'order', { market: 'BTCEUR', side: 'bid', price: '80.2', volume: '1' });
    // 80.2 * 1.2 / 1.0025
    assert.deepEqual((await call(bob, 'depth', 'BTCUSD')).bids, [{ price: '96', volume: '1' }]);
    await call(bob, 'order', { market: 'BTCUSD', side: 'ask', price: '96', volume: '0.4' });
    assert.deepEqual(await left(alice), [['BTCEUR', 'bid', '80.2', '0.6']]);
    assert.deepEqual(await left(bob), [['BTCUSD', 'ask', '120', '0.25']]);
    assert.equal((await call(alice, 'market', 'BTCEUR')).last, '80.2');
    assert.equal((await call(bob, 'market', 'BTCUSD')).last, '96');
  },

  async 'who was never there has the last price too'() {
    const pounds = await call(alice, 'market', 'BTCGBP');
    // 80.2 euros are 96.24 dollars, and a pound is 1.5.
    assert.deepEqual([pounds.last, pounds.volume], ['64.16', '0']);
  },

  async 'cancelling'() {
    for (const client of [alice, bob]) {
      for (const { id } of await call(client, 'orders')) {
        assert.equal((await call(client, 'cancel', id)).oid, id);
      }
    }
    for (const market of ['BTCUSD', 'BTCEUR', 'BTCGBP']) {
      assert.deepEqual(await call(alice, 'depth', market), { bids: [], asks: [] });
    }
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
