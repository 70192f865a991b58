// Calls of a Cambist sandbox's control API, and sandboxes that a test suite starts for itself. No dependencies; Node 18 or newer.

import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';

import { OPERATIONS } from './operations.js';

const JSON_TYPE = 'application/json';
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
    this.url = new URL(url).origin;
  }

  /** Calls an operation by its name, as the command line has it. */
  async call(name, fields = {}) {
    const operation = OPERATIONS.find((one) => one.name === name);
    if (operation === undefined) throw new ControlError(`there is no operation ${name}`);
    const rest = { ...fields };
    const target = operation.path.replace(/\{(\w+)\}/g, (_, field) => {
      if (rest[field] === undefined) throw new ControlError(`${name} needs ${field}`);
      const value = encodeURIComponent(String(rest[field]));
      delete rest[field];
      return value;
    });
    const inBody = operation.method === 'POST' || operation.method === 'PUT';
    const url = new URL(target, this.url);
    if (!inBody) {
      for (const [field, value] of Object.entries(rest)) {
        if (value !== undefined && value !== null) url.searchParams.set(field, typeof value === 'string' ? value : JSON.stringify(value));
      }
    }
    let reply;
    try {
      const request = { method: operation.method, headers: { 'content-type': JSON_TYPE }, body: inBody ? JSON.stringify(rest) : undefined };
      reply = await fetch(url, request);
    } catch (error) {
      const reason = error.cause?.message || error.message;
      throw new ControlError(`no sandbox answers at ${this.url}: ${reason}`, null, { cause: error });
    }
    if (reply.status !== 200) throw new ControlError(await wordsOf(reply), reply.status);
    return operation.media === JSON_TYPE ? reply.json() : new Uint8Array(await reply.arrayBuffer());
  }
}

async function wordsOf(reply) {
  const text = await reply.text();
  try {
    return String(JSON.parse(text).error);
  } catch {
    return `status ${reply.status}: ${text.slice(0, 200)}`;
  }
}

for (const { name } of OPERATIONS) {
  const method = name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  Control.prototype[method] = function (fields) {
    return this.call(name, fields);
  };
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
    this.seed = seed;
    this.users = Object.fromEntries(users.map((user) => [user.name, user]));
    this.control = new Control(url);
    this.clock = new Clock(this.control);
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
  async reset(seed = null) {
    const began = await this.control.reset({ seed });
    this.#reached({ url: this.url, seed: began.seed, users: began.users });
    return began;
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
