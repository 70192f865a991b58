// Drives the JavaScript control client against sandboxes that it starts itself.
//
// usage: node drive_javascript.mjs CLIENT COMMAND…   (the client's index.js, and how to call cambist)

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [client, ...command] = process.argv.slice(2);
const { Control, ControlError, OPERATIONS, Sandbox } = await import(pathToFileURL(client).href);

const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
for (const { name } of OPERATIONS) assert.equal(typeof Control.prototype[camel(name)], 'function', name);

const sandbox = await Sandbox.start({ command, seed: 7, preset: 'quiet', clock: 'manual', users: 'dora,emil' });
try {
  assert.equal(sandbox.seed, 7);
  assert.deepEqual(Object.keys(sandbox.users), ['dora', 'emil']);
  assert.match(sandbox.credentials('dora', 'wex').key, /^SANDBOX/);
  assert.throws(() => sandbox.credentials('alice', 'wex'), ControlError);

  const began = await sandbox.clock.now();
  assert.equal(began.toISOString(), '2020-01-01T00:00:00.000Z');
  await sandbox.clock.advance(90.5);
  assert.equal((await sandbox.clock.now()) - began, 90_500);
  assert.equal(await sandbox.clock.runUntil({ time: '2020-01-01T01:00:00Z' }), true);
  assert.equal(await sandbox.clock.runUntil({ market: 'btc_usd', price_at_least: '1', within: 5 }), false);
  assert.ok((await sandbox.clock.step(2)).micros > 0);

  await sandbox.control.fund({ account: 'dora', give: 'BTC=1.5' });
  const funds = await sandbox.control.funds({ account: 'dora' });
  assert.equal(funds.funds.find((row) => row.asset === 'BTC').available, '101.5');
  assert.equal((await sandbox.control.keys({ user: 'dora' })).every((row) => row.user === 'dora'), true);
  assert.equal((await sandbox.control.keys({ user: null })).length, 2 * (await sandbox.control.keys({ user: 'emil' })).length);

  const fault = await sandbox.control.armFault({ kind: 'server-error', path: '/api/3/info' });
  assert.equal((await fetch(`${sandbox.url}/api/3/info`)).status, 503);
  assert.equal((await sandbox.control.faults()).fired[0].fault, fault.id);
  await assert.rejects(sandbox.control.disarmFault({ fault: 'a/b c' }), { name: 'ControlError', status: 404, message: /a\/b c/ });
  await assert.rejects(sandbox.control.disarmFault({}), { name: 'ControlError', status: null, message: 'disarm-fault needs fault' });
  await assert.rejects(sandbox.control.moveClock(), { name: 'ControlError', status: 400, message: /give one of advance/ });
  await assert.rejects(sandbox.control.call('fly'), { name: 'ControlError', message: 'there is no operation fly' });

  await sandbox.reset();
  assert.equal((await sandbox.control.funds({ account: 'dora' })).funds.find((row) => row.asset === 'BTC').available, '100');
  await sandbox.reset(8);
  assert.equal(sandbox.seed, 8);
  assert.equal((await sandbox.clock.now()).toISOString(), '2020-01-01T00:00:00.000Z');

  const eighth = sandbox.credentials('dora', 'wex');
  await sandbox.control.save({ name: 'eight' });
  await sandbox.control.reset({ seed: 9 });
  assert.equal(sandbox.seed, 9);
  assert.notDeepEqual(sandbox.credentials('dora', 'wex'), eighth);
  await sandbox.control.restore({ name: 'eight' });
  assert.equal(sandbox.seed, 8);
  assert.deepEqual(sandbox.credentials('dora', 'wex'), eighth);

  const circle = {};
  circle.self = circle;
  for (const [fields, message] of [
    [{ run_until: { order: 17n } }, 'order: give 17 as a number, not as a BigInt'],
    [{ run_until: circle }, /^move-clock: this has no form in JSON/],
    [{ advance: NaN }, 'advance: NaN is no number that can be sent'],
    [{ step: Infinity }, 'step: Infinity is no number that can be sent'],
  ]) {
    await assert.rejects(sandbox.control.moveClock(fields), { name: 'ControlError', status: null, message });
  }
  await assert.rejects(sandbox.clock.advance(NaN), { name: 'ControlError', message: /^advance: NaN/ });
  await assert.rejects(sandbox.control.funds({ account: 17n }), { name: 'ControlError', message: /^account: give 17 as a number/ });
  await assert.rejects(sandbox.control.report({ user: NaN }), { name: 'ControlError', message: /^user: NaN/ });
  assert.equal(new Control(sandbox.url.replace('http://', '')).url, sandbox.url);

  const report = await sandbox.control.reportMarkdown();
  assert.ok(report instanceof Uint8Array && new TextDecoder().decode(report).startsWith('#'));
  assert.match((await sandbox.control.openapi()).openapi, /^3\.1/);
  assert.match(await sandbox.output(), /PLAY MONEY/);
} finally {
  await sandbox.stop();
}
await sandbox.stop(); // a second time is no error
await assert.rejects(new Control(sandbox.url).clock(), { name: 'ControlError', status: null, message: /no sandbox answers at http:/ });
for (const [address, message] of [
  ['8802', '8802: this is no address; give http://127.0.0.1:8802'],
  ['http://8802/', 'http://8802/: this is no address; give http://127.0.0.1:8802'],
  ['ftp://127.0.0.1', /this is no address such as/],
  ['http://', /this is no address such as/],
  ['http://127.0.0.1:8802/x', /this is no address such as/],
]) {
  assert.throws(() => new Control(address), { name: 'ControlError', status: null, message });
}
for (const [status, body] of [
  [404, ''],
  [404, '{"success":0}'],
  [404, '{"error":"not found"}'],
  [200, '<html>'],
]) {
  const other = createServer((_, reply) => reply.writeHead(status).end(body));
  await new Promise((listens) => other.listen(0, '127.0.0.1', listens));
  const control = new Control(`127.0.0.1:${other.address().port}`);
  await assert.rejects(control.clock(), { name: 'ControlError', status, message: /^what answers at http:\/\/127.0.0.1:\d+ is no sandbox/ });
  other.closeAllConnections?.();
  other.close();
}
await assert.rejects(Sandbox.start({ command, preset: 'stormy' }), { name: 'ControlError', message: /there is no preset "stormy"/ });
await assert.rejects(Sandbox.start({ command: ['no-such-program-at-all'] }), { name: 'ControlError', message: /ENOENT/ });
console.log('passed');
