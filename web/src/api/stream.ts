// The stream: one WebSocket, topics that are followed again after every interruption, and what is lost meanwhile told to who follows.

import type { ServerMessage } from "./generated";

export type StreamState = "connecting" | "open" | "waiting";

/**
 * Of one topic: what comes, and that whatever came before counts no more, since a new beginning follows or the topic ended. `begun` is called
 * when the server follows it: what one asks for from then on has nothing between it and the messages.
 */
export interface Follower {
  message(message: ServerMessage): void;
  interrupted(): void;
  begun?(): void;
}

export interface SocketLike {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: (() => void) | null;
}

export interface StreamEnvironment {
  open(): SocketLike;
  later(called: () => void, milliseconds: number): unknown;
  /** In [0, 1): spreads the reconnections of many pages. */
  chance(): number;
  state(state: StreamState, attempt: number): void;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 8_000;
const PING_EVERY = 15_000;

export class Stream {
  private socket: SocketLike | null = null;
  private followers = new Map<string, Set<Follower>>();
  private attempt = 0;
  private isOpen = false;
  private heard = false;
  private generation = 0;

  constructor(private readonly environment: StreamEnvironment) {}

  /** Follows a topic until the returned function is called. The first follower has the server begin; a later one begins anew too. */
  follow(topic: string, follower: Follower): () => void {
    const known = this.followers.get(topic);
    if (known) {
      known.add(follower);
      this.again(topic);
    } else {
      this.followers.set(topic, new Set([follower]));
      if (this.isOpen) this.say({ op: "subscribe", topics: [topic] });
      else this.connect();
    }
    return () => this.unfollow(topic, follower);
  }

  private unfollow(topic: string, follower: Follower): void {
    const followers = this.followers.get(topic);
    if (!followers?.delete(follower) || followers.size > 0) return;
    this.followers.delete(topic);
    if (this.isOpen) this.say({ op: "unsubscribe", topics: [topic] });
  }

  /** Has a topic begin anew: something of it was lost. */
  again(topic: string): void {
    for (const follower of this.followers.get(topic) ?? []) follower.interrupted();
    if (!this.isOpen) return;
    this.say({ op: "unsubscribe", topics: [topic] });
    this.say({ op: "subscribe", topics: [topic] });
  }

  /** Opens another connection: whoever logged in or out since is another one to the server. */
  reconnect(): void {
    this.drop();
    this.attempt = 0;
    this.connect();
  }

  /** Tries at once if it is waiting: the network or the page has come back. */
  hurry(): void {
    if (this.socket === null && this.followers.size > 0) {
      this.generation += 1;
      this.connect();
    }
  }

  private connect(): void {
    if (this.socket !== null) return;
    this.environment.state("connecting", this.attempt);
    const socket = this.environment.open();
    const generation = ++this.generation;
    const current = (): boolean => this.generation === generation;
    this.socket = socket;
    socket.onopen = () => current() && this.opened();
    socket.onmessage = (event) => current() && this.received(event.data);
    socket.onclose = () => current() && this.closed();
  }

  private opened(): void {
    this.isOpen = true;
    this.heard = true;
    this.environment.state("open", this.attempt);
    const topics = [...this.followers.keys()];
    if (topics.length > 0) this.say({ op: "subscribe", topics });
    this.watch(this.generation);
  }

  /** A connection that died without a word is found by a ping that nothing answers. */
  private watch(generation: number): void {
    this.environment.later(() => {
      if (this.generation !== generation || !this.isOpen) return;
      if (!this.heard) {
        this.drop();
        this.closed();
        return;
      }
      this.heard = false;
      this.say({ op: "ping" });
      this.watch(generation);
    }, PING_EVERY);
  }

  private received(text: string): void {
    this.heard = true;
    const message = JSON.parse(text) as ServerMessage;
    if (message.type === "done") {
      this.attempt = 0;
      if (message.op === "subscribe") for (const topic of message.topics) for (const follower of this.followers.get(topic) ?? []) follower.begun?.();
    } else if (message.type === "logged-out") {
      for (const topic of message.topics) for (const follower of this.followers.get(topic) ?? []) follower.interrupted();
    } else if ("topic" in message) {
      for (const follower of this.followers.get(message.topic) ?? []) follower.message(message);
    }
  }

  private closed(): void {
    this.socket = null;
    this.isOpen = false;
    for (const followers of this.followers.values()) for (const follower of followers) follower.interrupted();
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.attempt) * (0.5 + this.environment.chance() / 2);
    this.attempt += 1;
    this.environment.state("waiting", this.attempt);
    const generation = ++this.generation;
    this.environment.later(() => this.generation === generation && this.connect(), wait);
  }

  private drop(): void {
    const socket = this.socket;
    this.generation += 1;
    this.socket = null;
    this.isOpen = false;
    for (const followers of this.followers.values()) for (const follower of followers) follower.interrupted();
    socket?.close();
  }

  private say(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }
}
