// Calls of a Cambist sandbox's control API, and sandboxes that a test suite starts for itself. No dependencies; Node 18 or newer.

import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';

import { OPERATIONS } from './operations.js';

const JSON_TYPE = 'application/json';
const NO_SUCH_PATH = 'not found'; // what a venue says of a path that it does not serve
const LOOK = 10;
const STOP_PATIENCE = 10_000;

/** A call that was not carried out. `status`: what the sandbox replied; null when it did not answer at all. */
export class ControlError extends Error {
  constructor(words, status = null, options = undefined) {
    super(words, options);
    this.name = 'ControlError';
    this.status = status;
  }
}

/** Everything that can be asked of the sandbox at `url`: a method for each operation, which takes its fields as one object. */
export class Control {
  constructor(url) {
    this.url = addressOf(String(url));
  }

  /** Calls an operation by its name, as the command line has it. */
  async call(name, fields = {}) {
    const operation = OPERATIONS.find((one) => one.name === name);
    if (operation === undefined) throw new ControlError(`there is no operation ${name}`);
    const rest = { ...fields };
    const target = operation.path.replace(/\{(\w+)\}/g, (_, field) => {
      if (rest[field] === undefined || rest[field] === null) throw new ControlError(`${name} needs ${field}`);
      const value = encodeURIComponent(plain(rest[field], field));
      delete rest[field];
      return value;
    });
    const inBody = operation.method === 'POST' || operation.method === 'PUT';
    const url = new URL(target, this.url);
    if (!inBody) {
      for (const [field, value] of Object.entries(rest)) {
        if (value !== undefined && value !== null) url.searchParams.set(field, plain(value, field));
      }
    }
    const request = { method: operation.method, headers: { 'content-type': JSON_TYPE }, body: inBody ? json(rest, name) : undefined };
    let reply;
    try {
      reply = await fetch(url, request);
    } catch (error) {
      const reason = error.cause?.message || error.message;
      throw new ControlError(`no sandbox answers at ${this.url}: ${reason}`, null, { cause: error });
    }
    if (reply.status === 200 && operation.media !== JSON_TYPE) return new Uint8Array(await reply.arrayBuffer());
    let given;
    try {
      given = JSON.parse(await reply.text());
    } catch (error) {
      const reason = reply.status === 200 ? 'its reply is no JSON' : `status ${reply.status}`;
      throw new ControlError(`what answers at ${this.url} is no sandbox: ${reason}`, reply.status, { cause: error });
    }
    if (reply.status === 200) return given;
    throw new ControlError(this.#words(given?.error, reply.status), reply.status);
  }

  #words(said, status) {
    if (said === undefined) return `what answers at ${this.url} is no sandbox: status ${status}`;
    return said === NO_SUCH_PATH ? `what answers at ${this.url} is no sandbox, or one of another version: ${said}` : String(said);
  }
}

/** The origin of an address, which may lack its `http://`. ControlError for one that is none. */
function addressOf(text) {
  const full = text.includes('://') ? text : `http://${text}`;
  const [, host] = /^\w+:\/\/(\d+)\/?$/.exec(full) ?? [];
  if (host !== undefined) throw new ControlError(`${text}: this is no address; give http://127.0.0.1:${host}`);
  let url;
  try {
    url = new URL(full);
  } catch (error) {
    throw new ControlError(`${text}: this is no address such as http://127.0.0.1:8700`, null, { cause: error });
  }
  if (!['http:', 'https:'].includes(url.protocol) || url.pathname !== '/') {
    throw new ControlError(`${text}: this is no address such as http://127.0.0.1:8700`);
  }
  return url.origin;
}

/** JSON of a field or of all of them. ControlError for what has no form in it: a BigInt, a number that is not finite, a circle. */
function json(value, name) {
  try {
    return JSON.stringify(value, (field, inner) => {
      const place = field === '' ? name : field;
      if (typeof inner === 'bigint') throw new ControlError(`${place}: give ${inner} as a number, not as a BigInt`);
      if (typeof inner === 'number' && !Number.isFinite(inner)) throw new ControlError(`${place}: ${inner} is no number that can be sent`);
      return inner;
    });
  } catch (error) {
    throw error instanceof ControlError ? error : new ControlError(`${name}: this has no form in JSON: ${error.message}`, null, { cause: error });
  }
}

/** A field as a path or a query has it. */
function plain(value, field) {
  return typeof value === 'string' ? value : json(value, field);
}

for (const { name } of OPERATIONS) {
  const method = name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  Control.prototype[method] = function (fields) {
    return this.call(name, fields);
  };
}

/** Tells its owner of each reply that says which seed and users the sandbox has from now on. */
class OwnControl extends Control {
  #onBegan;

  constructor(url, onBegan) {
    super(url);
    this.#onBegan = onBegan;
  }

  async call(name, fields) {
    const given = await super.call(name, fields);
    if (name === 'reset' || name === 'restore') this.#onBegan(given);
    return given;
  }
}

/** The sandbox's clock, in the words of a test. */
export class Clock {
  constructor(control) {
    this.control = control;
  }

  /** Now, as a Date; its milliseconds are rounded down. */
  async now() {
    return new Date(Math.floor((await this.control.clock()).micros / 1000));
  }

  /** On by so many seconds, through all that is due on the way. */
  advance(seconds) {
    return this.control.moveClock({ advance: seconds });
  }

  /** To the next later moment at which something is due, so many times. */
  step(times = 1) {
    return this.control.moveClock({ step: times });
  }

  /** To a time, or until something has happened; whether the condition holds. */
  async runUntil(until) {
    return (await this.control.moveClock({ run_until: until })).met === true;
  }
}

/** A sandbox in a process of its own, which ends with this one. */
export class Sandbox {
  #process;
  #folder;

  /**
   * Starts one and returns once it answers. `command`: how to call cambist; `options`: further options of `cambist sandbox`; all others are
   * the option of that name.
   */
  static async start({ command = ['cambist'], options = [], patience = 60_000, ...named } = {}) {
    const sandbox = new Sandbox();
    sandbox.#folder = await mkdtemp(path.join(tmpdir(), 'cambist-test-'));
    const ready = path.join(sandbox.#folder, 'ready.json');
    const words = Object.entries(named)
      .filter(([, value]) => value !== undefined && value !== null)
      .flatMap(([name, value]) => [`--${name}`, String(value)]);
    const [program, ...before] = command;
    const line = [...before, 'sandbox', '--attached', '--port', '0', '--ready-file', ready, ...words, ...options];
    const output = await open(path.join(sandbox.#folder, 'output'), 'w');
    try {
      const child = spawn(program, line, { stdio: ['pipe', output.fd, output.fd] });
      sandbox.#process = child;
      let failed = null;
      child.once('error', (error) => (failed = error));
      child.stdin.on('error', () => {}); // it ended before we did
      const end = Date.now() + patience;
      for (;;) {
        const record = await readFile(ready, 'utf8').catch(() => null);
        if (record !== null) {
          sandbox.#reached(JSON.parse(record));
          return sandbox;
        }
        if (failed !== null || child.exitCode !== null || Date.now() > end) {
          const reason = failed?.message ?? (child.exitCode === null ? 'it was not ready in time' : `exit code ${child.exitCode}`);
          throw new ControlError(`the sandbox did not start (${reason}):\n${await sandbox.output()}`);
        }
        await passed(LOOK);
      }
    } catch (error) {
      await sandbox.stop();
      throw error;
    } finally {
      await output.close();
    }
  }

  #reached({ url, seed, users }) {
    this.url = url;
    this.#began({ seed, users });
    this.control = new OwnControl(url, (began) => this.#began(began));
    this.clock = new Clock(this.control);
  }

  #began({ seed, users }) {
    this.seed = seed;
    this.users = Object.fromEntries(users.map((user) => [user.name, user]));
  }

  /** What the process said on its standard output and error. */
  output() {
    return readFile(path.join(this.#folder, 'output'), 'utf8').catch(() => '');
  }

  /** What a client of that API needs, such as `key` and `secret`. */
  credentials(user, dialect) {
    const found = this.users[user]?.keys[dialect];
    if (found === undefined) throw new ControlError(`there are no keys of ${user} for ${dialect}`);
    return found;
  }

  /** Options for ccxt's `btse`: `new ccxt.btse(sandbox.ccxt('alice'))`. The sandbox's clock must be the machine's. */
  ccxt(user) {
    const { key, secret } = this.credentials(user, 'btse');
    return { apiKey: key, secret, enableRateLimit: false, urls: { api: { public: this.url, private: this.url } } };
  }

  /** Puts the sandbox back to its start, or to what its start would have been with another seed. */
  reset(seed = null) {
    return this.control.reset({ seed });
  }

  /** Ends the process and removes its files. */
  async stop() {
    const child = this.#process;
    this.#process = undefined;
    if (child !== undefined && child.exitCode === null && child.pid !== undefined) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE);
      await ended;
      clearTimeout(timer);
    }
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose ?? Symbol.for('asyncDispose')]() {
    await this.stop();
  }
}

export { OPERATIONS };
