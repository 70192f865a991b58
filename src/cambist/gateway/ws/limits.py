"""Caps and patience of WebSocket connections, all in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits:
    """What one socket may ask of the server. Sizes are bytes, times are seconds of the event loop's clock.

    - `message_bytes`: an incoming message, its fragments together (close code 1009). A fragment's length is looked at before its payload.
    - `fragments`: of one incoming message (1008): empty fragments would otherwise cost nothing and never end.
    - `messages_per_second`, `burst`: incoming messages and fragments, control messages counted, at most `burst` at once (1008).
    - `unread_bytes`: a client that has left more than that unread is behind. What one tick says to a client that is not behind is taken,
      however much it is; one that is behind is dropped (1008, "too slow") when it is told so much more than it reads. It is no longer
      behind when it has read so much.
    - `drain_seconds`: a client that is behind and lets its socket's buffer stand full that long is dropped too.
    - `choked_bytes`: from here on nothing more is read from the client until it has read what it was sent.
    - `ping_seconds`, `pong_seconds`: after how long a silence a ping is sent, and how long anything at all may then take to come.
    - `closing_seconds`: for the rest of a closing handshake.
    """

    message_bytes: int = 65_536
    fragments: int = 256
    messages_per_second: float = 500.0
    burst: int = 1_000
    unread_bytes: int = 2 << 20
    drain_seconds: float = 10.0
    choked_bytes: int = 65_536
    ping_seconds: float = 30.0
    pong_seconds: float = 30.0
    closing_seconds: float = 5.0
