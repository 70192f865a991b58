"""Caps and patience of HTTP connections, all in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What one connection may ask of the server. Sizes are bytes, times are seconds of the event loop's clock.

    - `head_bytes`, `head_fields`: request line with all header fields, and how many fields (431).
    - `body_bytes`: a body, counted after de-chunking (413).
    - `head_seconds`: from a request's first byte (or the connect) to the end of its head (408).
    - `body_seconds`, `body_pace`: a body has `body_seconds` plus one second for each `body_pace` bytes that have arrived (408).
    - `idle_seconds`: how long a kept-alive connection may say nothing; it is closed without a word.
    - `write_seconds`: how long a client may leave our full buffer unread; then the connection is cut.
    - `linger_seconds`: how long what still comes in is thrown away after an error reply, so that the client can read that reply.
    - `sweep_seconds`: how often the one timer looks at all connections; every time above is late by up to that.
    - `handshake_seconds`: for a TLS handshake.
    - `pipeline`: requests of one connection that are answered at a time; reading stops there.
    - `unread_bytes`: of replies that wait for the journal or for their client; no further request of the connection is begun above it, so
      that a connection holds that and at most one reply more.
    - `unread_total`: the same of all connections. Above it the connections that hold most for clients that do not read are cut, and no
      request is begun (503).
    - `connections`, `connections_per_peer`, `connections_loopback`: open connections in all, of one peer address (an IPv6 /64 counts as
      one), and of the machine itself. One too many gets a 503 and is closed.
    """

    head_bytes: int = 16_384
    head_fields: int = 100
    body_bytes: int = 131_072
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    body_pace: int = 4_096
    idle_seconds: float = 75.0
    write_seconds: float = 30.0
    linger_seconds: float = 2.0
    sweep_seconds: float = 0.5
    handshake_seconds: float = 10.0
    pipeline: int = 32
    unread_bytes: int = 65_536
    unread_total: int = 256 << 20
    connections: int = 10_000
    connections_per_peer: int = 500
    connections_loopback: int = 10_000
