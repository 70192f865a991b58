// The page's WebSockets, in a thread of their own: a busy market says a thousand things a second, and the page is to be woken for them a
// few times only.

import { Batches } from "./batches";
import type { Asked, Heard } from "./socket-thread";

const sockets = new Map<number, WebSocket>();
const say = (heard: Heard): void => self.postMessage(heard);

self.onmessage = ({ data }: MessageEvent<Asked>): void => {
  if (data.do === "open") open(data.id, data.url);
  else if (data.do === "send") sockets.get(data.id)?.send(data.text);
  else sockets.get(data.id)?.close();
};

function open(id: number, url: string): void {
  const socket = new WebSocket(url);
  const batches = new Batches({
    now: () => performance.now(),
    later: (called, milliseconds) => setTimeout(called, milliseconds),
    take: (texts) => say({ id, texts }),
  });
  sockets.set(id, socket);
  socket.onopen = () => say({ id, state: "open" });
  socket.onmessage = (event: MessageEvent<string>) => batches.add(event.data);
  socket.onclose = () => {
    batches.give();
    sockets.delete(id);
    say({ id, state: "closed" });
  };
}
