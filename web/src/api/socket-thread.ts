// WebSockets to the server that the page came from, which live in a worker (socket-worker.ts).

import { BASE } from "./client";
import type { SocketLike } from "./stream";

export type Asked = { do: "open"; id: number; url: string } | { do: "send"; id: number; text: string } | { do: "close"; id: number };
export type Heard = { id: number; texts: string[] } | { id: number; state: "open" | "closed" };

const sockets = new Map<number, SocketLike>();
/** One for as long as the page lives: its script may be another one on the server after an upgrade. */
let thread: Worker | null = null;
let opened = 0;

export function openSocket(): SocketLike {
  const url = new URL(`${BASE}/stream`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const worker = (thread ??= start());
  const id = ++opened;
  const ask = (asked: Asked): void => worker.postMessage(asked);
  const socket: SocketLike = {
    onopen: null,
    onmessage: null,
    onclose: null,
    send: (text) => ask({ do: "send", id, text }),
    close: () => ask({ do: "close", id }),
  };
  sockets.set(id, socket);
  ask({ do: "open", id, url: url.href });
  return socket;
}

function start(): Worker {
  const worker = new Worker(new URL("./socket-worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Heard>) => hear(data);
  return worker;
}

function hear(heard: Heard): void {
  const socket = sockets.get(heard.id);
  if (socket === undefined) return;
  if ("texts" in heard) {
    for (const data of heard.texts) socket.onmessage?.({ data });
  } else if (heard.state === "open") {
    socket.onopen?.();
  } else {
    sockets.delete(heard.id);
    socket.onclose?.();
  }
}
