import { describe, expect, it } from "vitest";
import type { ServerMessage } from "./generated";
import { Stream, type SocketLike, type StreamState } from "./stream";

class Server {
  sockets: FakeSocket[] = [];
  timers: { called: () => void; milliseconds: number }[] = [];
  states: StreamState[] = [];
  stream = new Stream({
    open: () => {
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return socket;
    },
    later: (called, milliseconds) => this.timers.push({ called, milliseconds }),
    chance: () => 0,
    state: (state) => this.states.push(state),
  });

  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket;
  }

  /** Lets the time go on until the last wait that began is over. */
  waited(): void {
    this.timers.pop()?.called();
  }
}

class FakeSocket implements SocketLike {
  said: { op: string; topics?: string[] }[] = [];
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  send(text: string): void {
    this.said.push(JSON.parse(text) as { op: string });
  }

  close(): void {
    this.isClosed = true;
  }

  push(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

class Notes {
  heard: ServerMessage[] = [];
  beginnings = 0;
  interruptions = 0;

  message(message: ServerMessage): void {
    this.heard.push(message);
  }

  interrupted(): void {
    this.interruptions += 1;
  }

  begun(): void {
    this.beginnings += 1;
  }
}

const trades = { type: "trades", topic: "trades:btc_usd", market: "btc_usd", trades: [] };

describe("a stream", () => {
  it("follows what is asked for before it is open, and tells each topic's followers", () => {
    const server = new Server();
    const notes = new Notes();
    server.stream.follow("trades:btc_usd", notes);
    server.socket.onopen?.();
    expect(server.socket.said).toEqual([{ op: "subscribe", topics: ["trades:btc_usd"] }]);
    server.socket.push(trades);
    server.socket.push({ ...trades, topic: "trades:ltc_usd" });
    expect(notes.heard).toHaveLength(1);
  });

  it("tells when the server follows a topic", () => {
    const server = new Server();
    const notes = new Notes();
    server.stream.follow("trades:btc_usd", notes);
    server.socket.onopen?.();
    expect(notes.beginnings).toBe(0);
    server.socket.push({ type: "done", id: null, op: "subscribe", sequence: 1, topics: ["trades:btc_usd"] });
    server.socket.push({ type: "done", id: null, op: "ping", sequence: 1, topics: [] });
    expect(notes.beginnings).toBe(1);
  });

  it("unfollows with the last follower", () => {
    const server = new Server();
    const end = server.stream.follow("trades:btc_usd", new Notes());
    server.socket.onopen?.();
    end();
    expect(server.socket.said.at(-1)).toEqual({ op: "unsubscribe", topics: ["trades:btc_usd"] });
  });

  it("comes back by itself, waiting longer each time, and follows everything again", () => {
    const server = new Server();
    const notes = new Notes();
    server.stream.follow("trades:btc_usd", notes);
    server.socket.onopen?.();
    const waits: number[] = [];
    for (let round = 0; round < 3; round++) {
      server.socket.onclose?.();
      waits.push(server.timers.at(-1)?.milliseconds ?? 0);
      server.waited();
    }
    expect(waits).toEqual([125, 250, 500]);
    expect(notes.interruptions).toBe(3);
    server.socket.onopen?.();
    expect(server.socket.said).toEqual([{ op: "subscribe", topics: ["trades:btc_usd"] }]);
    expect(server.states).toContain("waiting");
    server.socket.push({ type: "done", id: null, op: "subscribe", sequence: 1, topics: [] });
    server.socket.onclose?.();
    expect(server.timers.at(-1)?.milliseconds).toBe(125);
  });

  it("has one topic begin anew when something of it was lost", () => {
    const server = new Server();
    const notes = new Notes();
    server.stream.follow("book:btc_usd:100", notes);
    server.socket.onopen?.();
    server.stream.again("book:btc_usd:100");
    expect(notes.interruptions).toBe(1);
    expect(server.socket.said.slice(1)).toEqual([
      { op: "unsubscribe", topics: ["book:btc_usd:100"] },
      { op: "subscribe", topics: ["book:btc_usd:100"] },
    ]);
  });

  it("gives up a connection that answers no ping", () => {
    const server = new Server();
    server.stream.follow("trades:btc_usd", new Notes());
    const first = server.socket;
    first.onopen?.();
    server.waited();
    expect(first.said.at(-1)).toEqual({ op: "ping" });
    server.waited();
    expect(first.isClosed).toBe(true);
    expect(server.states.at(-1)).toBe("waiting");
  });

  it("hears nothing of a connection that it has left", () => {
    const server = new Server();
    const notes = new Notes();
    server.stream.follow("trades:btc_usd", notes);
    const first = server.socket;
    first.onopen?.();
    server.stream.reconnect();
    first.push(trades);
    expect(notes.heard).toEqual([]);
  });
});
