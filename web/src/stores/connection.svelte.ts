// The one connection to the stream that all stores share.

import type { ServerMessage } from "../api/generated";
import { openSocket } from "../api/socket-thread";
import { Stream, type Follower, type StreamState } from "../api/stream";

/** An interruption shorter than this is mended before anybody need know. */
const UNNOTICED = 1_500;

class Connection {
  state = $state<StreamState>("connecting");
  /** Whether it has been away for so long that what is shown may be old. */
  isLost = $state(false);
  private lostTimer: ReturnType<typeof setTimeout> | undefined;

  readonly stream = new Stream({
    open: openSocket,
    later: (called, milliseconds) => setTimeout(called, milliseconds),
    chance: Math.random,
    state: (state) => this.changed(state),
  });

  constructor() {
    window.addEventListener("online", () => this.stream.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.stream.hurry());
  }

  follow(topic: string, follower: Follower): () => void {
    return this.stream.follow(topic, follower);
  }

  /** Follows a topic of which each message stands for itself. */
  listen(topic: string, message: (message: ServerMessage) => void): () => void {
    return this.follow(topic, { message, interrupted: () => undefined });
  }

  private changed(state: StreamState): void {
    this.state = state;
    if (state === "open") {
      clearTimeout(this.lostTimer);
      this.lostTimer = undefined;
      this.isLost = false;
    } else {
      this.lostTimer ??= setTimeout(() => (this.isLost = true), UNNOTICED);
    }
  }
}

export const connection = new Connection();
