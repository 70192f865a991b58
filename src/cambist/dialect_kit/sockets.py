"""What a dialect gives for its sockets: where they are, and what speaks on them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import check_place
from cambist.dialect_kit.situations import Situation


class Socket(Protocol):
    """A client's WebSocket connection as its session sees it."""

    @property
    def request(self) -> Request:
        """The handshake."""

    @property
    def is_open(self) -> bool:
        """Whether what is sent has a chance to arrive. False from the first sign of an end on."""

    @property
    def why_ended(self) -> str:
        """Why the server ended the connection by itself, a fixed word such as `slow_socket`; empty where it did not."""

    @property
    def client(self) -> str:
        """The peer's IP address as text, as in Request."""

    def send(self, message: bytes, *, durable: bool = False) -> None:
        """Sends a text message (UTF-8 bytes) once everything that the core has applied by now is on disk.

        `durable=True` is for what shows durable things only (pushes, market data, static words): it waits only for what was sent before.
        On a closed socket this does nothing.
        """

    def send_encoded(self, message: bytes, *, durable: bool = False) -> None:
        """The same for a message that is encoded already (`websocket_wire.text_message`), which many sockets may share."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begins the closing handshake behind everything that was sent. Nothing more is received or can be sent."""

    def abort(self) -> None:
        """Cuts the connection without a word; what was sent and not yet written is lost."""

    def break_off(self, *, reset: bool = False) -> None:
        """Ends the connection without a closing handshake, behind everything that was sent; with a TCP reset when `reset`."""

    def freeze(self) -> Callable[[], None]:
        """Neither reads nor writes, as a connection that hangs, until the result is called; only then a client's end is noticed."""

    def on_closed(self, listener: Callable[[Socket], None]) -> None:
        """Calls back once when the socket is no longer open; at the moment it closes, before `Session.closed`."""

    def __hash__(self) -> int: ...


class Session(ABC):
    """One client's conversation; a dialect derives its own. All methods run on the event loop, one at a time, in order of what came.

    `text` and `binary` may return an awaitable: then nothing that came behind this message is handed on before it is done, so replies
    keep the order of the requests. What raises ends the connection with 1011; `Withheld` ends it without a word.
    """

    answers_with_snapshots = True
    """Whether what is sent behind the acknowledgement of a subscription is the state that later messages change."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket

    def opened(self) -> None:  # noqa: B027 - a session may have nothing to say first
        """The handshake is answered; messages may be sent."""

    @abstractmethod
    def text(self, message: str) -> Awaitable[None] | None:
        """A whole text message, valid UTF-8, at most `message_bytes` long."""

    def binary(self, message: bytes) -> Awaitable[None] | None:
        """A whole binary message. Who does not speak binary need not say so."""
        self.socket.close(1003, "text messages, please")
        return None

    def identity(self) -> Identity | None:
        """Whom the client has shown itself to be, for whoever watches; None for a stranger."""
        return None

    def worded(self, message: str, situation: Situation) -> bytes | None:
        """The message that tells the client, who said `message`, why it is not done; None where this API has no words for that."""
        del message, situation
        return None

    def closed(self) -> None:  # noqa: B027 - nor anything to put away
        """The connection is gone or will say nothing any more; called once. Subscriptions in a Hub have ended already."""


Accept = Callable[[Request, Socket], "Session | Reply"]
"""Takes the handshake request; a Reply refuses it (HTTP, then the connection ends). It must show nothing that is not durable."""


@dataclass(frozen=True, slots=True, eq=False)
class SocketRoute:
    """A path that speaks WebSocket. Path, prefix and pattern as in Route; the pattern's match is `Request.match`.

    The same path may have an HTTP route too: that one answers requests that ask for no upgrade. `subprotocols` in order of preference.
    `host` and `listener` narrow where it counts, as in Route. `message_bytes` is the longest message that may come; 0 leaves
    it to the server. `admit` is asked before a handshake is accepted, which waits for what it gives.
    """

    path: str
    accept: Accept
    prefix: bool = False
    pattern: re.Pattern[str] | None = None
    dialect: str = ""
    name: str = ""
    subprotocols: tuple[str, ...] = ()
    host: str = ""
    listener: str = ""
    message_bytes: int = 0
    admit: Callable[[], Awaitable[None] | None] = lambda: None

    def __post_init__(self) -> None:
        check_place(self.path, self.prefix, self.pattern, self.host)
