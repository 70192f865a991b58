"""One WebSocket connection: messages in through websockets' sans-I/O parser, messages out ready-made, one write in each tick.

What is sent waits for the journal unless the sender says that it shows durable things only, and nothing overtakes anything: replies and
pushes of one socket leave in the order in which they were sent.

A client is too slow when it does not read, not when it is told much at once: what one tick of the event loop says to a client that was not
behind is always taken, however much it is. From then on it must read at least as much as it is told (`unread_bytes` to spare), and go on
reading (`drain_seconds`); see `SocketLimits`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, cast

import structlog
from websockets.frames import Frame, Opcode
from websockets.protocol import SEND_EOF, Protocol, Side

from cambist.dialect_kit import websocket_wire
from cambist.dialect_kit.messages import Request, Withheld
from cambist.dialect_kit.sockets import Session, SocketRoute
from cambist.gateway import transports
from cambist.gateway.connections import Connections
from cambist.gateway.failures import place_of
from cambist.gateway.transports import HeldTransport
from cambist.gateway.ws import handshake
from cambist.scheduling import first_step

STEP = 4_096
"""Bytes that the parser gets at a time: between two steps the rate is looked at, and whether there is room for replies."""
PIECE = 131_072
"""Bytes that one socket writes in one tick, but for a message that is longer."""

_log = structlog.get_logger("cambist.gateway")
_parser_log = logging.getLogger("cambist.gateway.websockets")
_parser_log.setLevel(logging.WARNING)


class _QueuedMessage:
    """An encoded message that waits for the journal, or for those before it. `ready` once it may leave."""

    __slots__ = ("message", "ready")

    def __init__(self, message: bytes, ready: bool) -> None:
        self.message = message
        self.ready = ready


class Socket(asyncio.Protocol):
    """A client's socket as its session sees it; made by the gateway. `request` is the handshake."""

    __slots__ = (
        "_allowance",
        "_backlog",
        "_breaks_off",
        "_busy",
        "_ceiling",
        "_choked",
        "_connections",
        "_deaf",
        "_dirty",
        "_events",
        "_fragments",
        "_gone",
        "_held",
        "_kept",
        "_kind",
        "_listeners",
        "_message",
        "_outbox",
        "_parser",
        "_paused",
        "_peak",
        "_peak_read",
        "_peer",
        "_pinged",
        "_queued",
        "_refilled",
        "_route",
        "_session",
        "_stepping",
        "_unsent",
        "_written",
        "deadline",
        "is_open",
        "request",
        "stalled",
        "transport",
        "why_ended",
    )

    def __init__(self, connections: Connections, route: SocketRoute, request: Request, transport: asyncio.Transport, peer: str) -> None:
        limits = connections.socket_limits
        self._connections = connections
        self._route = route
        self._peer = peer
        self._session: Session | None = None
        self.request = request
        self.transport = transport
        self.is_open = True
        """Whether what is sent has a chance to arrive. False from the first sign of an end on."""
        self.why_ended = ""
        self.deadline = inf
        self.stalled = inf  # when the sweep looks whether the client has read anything since
        self._parser = Protocol(Side.SERVER, max_size=route.message_bytes or limits.message_bytes, logger=_parser_log)
        self._events: list[Frame] = []  # lists, not deques: thousands of sockets have nothing in theirs
        self._backlog = b""
        self._message: list[bytes] = []
        self._kind = Opcode.TEXT
        self._fragments = 0
        self._busy = False  # an asynchronous handler has not finished
        self._paused = False
        self._choked = False
        self._deaf = False  # choked at a sweep, and not read since
        self._pinged = False
        self._gone = False
        self._breaks_off: Callable[[asyncio.Transport], None] | None = None  # how it ends, if not by a closing handshake
        self._allowance = float(limits.burst)
        self._refilled = connections.seconds()
        self._outbox: list[bytes] = []
        self._queued: list[_QueuedMessage] = []
        self._unsent = 0  # bytes of both
        self._written = 0  # bytes that the transport was ever given
        self._held = 0  # how often it is frozen: what is written stays with the transport then, and nobody says that it is full
        self._ceiling = inf  # how much may be unread in this tick
        self._peak = 0  # how much was unread after the last tick without a ceiling,
        self._peak_read = 0  # and how much had ever been read then
        self._kept = 0  # bytes counted in the total of all connections
        self._dirty = False  # whether `write_out` will be called in this tick
        self._stepping = False  # whether the others' steps are being waited for
        self._listeners: list[Callable[[Socket], None]] = []

    @property
    def client(self) -> str:
        """The peer's IP address as text, as in Request."""
        return self.request.client

    # --- sending ----------------------------------------------------------------------------------------------------------

    def send(self, message: bytes, *, durable: bool = False) -> None:
        """Sends a text message (UTF-8 bytes). It leaves once everything that the core has applied by now is on disk.

        `durable=True` is for what shows durable things only (pushes, market data, static words): it waits only for what was sent before.
        On a closed socket this does nothing.
        """
        self.send_encoded(websocket_wire.text_message(message), durable=durable)

    def send_encoded(self, message: bytes, *, durable: bool = False) -> None:
        """The same for a message that is encoded already (`websocket_wire`), which many sockets may share."""
        if not self.is_open:
            return
        if not self._dirty:
            self._begin_tick()
        self._unsent += len(message)
        if self._ceiling != inf and self._all_unread() > self._ceiling:
            self._too_slow()
            return
        if not durable:
            try:
                waiting = self._connections.gateway.barrier()
            except Exception:
                self.withhold()
                return
            if waiting is not None:
                queued = _QueuedMessage(message, False)
                self._queued.append(queued)
                self._connections.barrier_queue.wait(waiting, self, queued)
                return
        if self._queued:
            self._queued.append(_QueuedMessage(message, True))
        else:
            self._outbox.append(message)

    def _begin_tick(self) -> None:
        """The first message of a tick: how much may be unread at its end."""
        self._dirty = True
        self._connections.send_queue.add(self)
        if not self._may_be_behind():
            self._ceiling = inf
            return
        unread = self._all_unread()
        spare = self._connections.socket_limits.unread_bytes
        if unread <= spare or self._all_read() - self._peak_read >= spare:  # not behind, or reading well
            self._ceiling = inf
        else:
            self._ceiling = self._peak + spare

    def _may_be_behind(self) -> bool:
        """False when nothing waits here, nor more with the transport than it takes before it says so: most sockets in most ticks."""
        return self._unsent > 0 or self._choked or self._held > 0

    def _all_unread(self) -> int:
        return self._unsent + self.transport.get_write_buffer_size()

    def _all_read(self) -> int:
        return self._written - self.transport.get_write_buffer_size()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begins the closing handshake behind everything that was sent. Nothing more is received or can be sent."""
        if not self.is_open:
            return
        self.send_encoded(websocket_wire.close_message(code, reason))
        self._leave()
        if not self._queued:
            self.write_out()

    def abort(self) -> None:
        """Cuts the connection without a word; what was sent and not yet written is lost."""
        self._forget()
        self._leave()
        self.transport.abort()

    def break_off(self, *, reset: bool = False) -> None:
        """Ends the connection without a closing handshake, behind everything that was sent; with a TCP reset when `reset`."""
        if not self.is_open:
            return
        self._breaks_off = transports.reset if reset else asyncio.Transport.close
        self._leave()
        if not self._queued:
            self.write_out()

    def freeze(self) -> Callable[[], None]:
        """Neither reads nor writes, as a connection that hangs, until the result is called; only then a client's end is noticed.

        The result is to be called once. A socket that was frozen several times thaws with the last of them, in whatever order.
        """
        if isinstance(self.transport, HeldTransport):
            frozen = self.transport
            frozen.holders += 1
        else:
            self.transport = frozen = HeldTransport(self.transport)
        self._held += 1

        def thaw() -> None:
            frozen.holders -= 1
            self._held -= 1
            if not frozen.holders and self.transport is frozen:
                self.transport = frozen.inner
                frozen.let_go()

        return thaw

    def on_closed(self, listener: Callable[[Socket], None]) -> None:
        """Calls back once when the socket is no longer open; at the moment it closes, before `Session.closed`."""
        self._listeners.append(listener)

    # --- the gateway's side -----------------------------------------------------------------------------------------------

    def begin(self, session: Session, rest: bytes) -> None:
        """Answers the handshake and lets the session speak. `rest` came right behind the handshake."""
        self._session = session
        self._connections.socket_counts.opened += 1
        self.transport.write(handshake.accepted(self.request, self._route.subprotocols, self._connections.fixed_lines))
        self._silence()
        try:
            session.opened()
        except Exception as error:
            self._failed(error)
        if rest:
            self.data_received(rest)

    def write_out(self) -> None:
        """Writes what may leave, as much as one tick takes. Called at the end of a tick."""
        self._dirty = False
        if self._gone:
            return
        outbox = self._outbox
        if outbox and not self._choked:
            written = self._next_piece()
            self._unsent -= len(written)
            self._written += len(written)
            self.transport.write(written)
            if outbox and not self._choked:
                self._step_later()
        if self._may_be_behind():
            self._end_tick()
        if not self.is_open:
            self._farewell_if_sent()
        elif self._paused:
            self._read_on()

    def _next_piece(self) -> bytes:
        """What one tick takes out of the outbox."""
        outbox = self._outbox
        if self._unsent <= PIECE or len(outbox) == 1:
            piece = outbox[0] if len(outbox) == 1 else b"".join(outbox)
            outbox.clear()
            return piece
        size = count = 0
        while count < len(outbox) and size < PIECE:
            size += len(outbox[count])
            count += 1
        piece = b"".join(outbox[:count])
        del outbox[:count]
        return piece

    def _end_tick(self) -> None:
        unread = self._all_unread()
        if self._ceiling == inf:
            self._peak = unread
            self._peak_read = self._all_read()
        kept = unread if self._deaf else 0
        if kept != self._kept:
            self._connections.hold(kept - self._kept)
            self._kept = kept

    def flush(self) -> None:
        """Lets go what the journal held up."""
        queued, count = self._queued, 0
        while count < len(queued) and queued[count].ready:
            self._outbox.append(queued[count].message)
            count += 1
        del queued[:count]
        self.write_out()

    def step(self) -> None:
        """Its chance, after the other connections had theirs: to write on, or to hand on the next message."""
        self._stepping = False
        if self._gone:
            return
        if self._outbox and not self._choked:
            self.write_out()
        if self.is_open:
            self._read_on()

    def _step_later(self) -> None:
        if not self._stepping:
            self._stepping = True
            self._connections.round_robin.add(self)

    def unread(self) -> int:
        """Bytes that it holds because its client has not read since a sweep at least; 0 while it reads.

        What was just said to thousands of clients counts for none of them: they share the bytes, and most will have read them at once.
        """
        return self._kept

    def cut(self) -> None:
        """Ends it at once, for the memory that it holds."""
        self.abort()

    def withhold(self) -> None:
        """The journal failed: nothing that waited for it, and nothing behind that, leaves."""
        self._connections.gateway.metrics.refuse("withheld")
        self._forget()
        self._leave()
        self.transport.close()

    def shutdown(self) -> None:
        """The server stops."""
        self.close(1001, "the server stops")

    def expire(self) -> None:
        """Called by the sweep when `deadline` has passed (a ping is due, or its answer, or an end), or `stalled` has."""
        if not self.is_open:
            self.transport.abort()
        elif self.stalled <= self._connections.now:
            if not self._deaf:
                self._deaf = True
                self._end_tick()
                self._watch_drain()
            elif self._all_unread() > self._connections.socket_limits.unread_bytes:
                self._too_slow()
            else:
                self._watch_drain()
        elif self._pinged:
            self._drop("dead_socket", 1011, "no answer to a ping")
        elif self._paused:
            self._silence()  # we do not listen, so its silence says nothing
        else:
            self._pinged = True
            self.deadline = self._connections.now + self._connections.socket_limits.pong_seconds
            self.send_encoded(websocket_wire.encode(websocket_wire.PING, b""), durable=True)

    # --- the transport's side ---------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Feeds the parser, a step at a time."""
        if not self.is_open:
            return  # behind our close message only the connection's end matters
        self._pinged = False
        self._silence()
        self._backlog = self._backlog + data if self._backlog else data
        self._read_on()

    def eof_received(self) -> bool:
        """The client is gone: without a closing handshake nothing more can be sent to it."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Everything ends here, whatever came before."""
        self._gone = True
        self.deadline = inf
        self._forget()
        self._leave()
        self._connections.socket_counts.closed += 1
        cast("set[Any]", self._connections.state.connections).discard(self)
        self._connections.release(self, self._peer)

    def pause_writing(self) -> None:
        """The client does not read: its requests wait."""
        self._choked = True
        if self.is_open:
            self.stalled = self._connections.now  # the next sweep looks

    def resume_writing(self) -> None:
        """The client reads again."""
        self._choked = self._deaf = False
        self.stalled = inf
        if self._outbox:
            self._step_later()
        self._end_tick()
        self._read_on()

    def _watch_drain(self) -> None:
        self.stalled = self._connections.now + self._connections.socket_limits.drain_seconds

    # --- messages in ------------------------------------------------------------------------------------------------------

    def _blocked(self) -> bool:
        return self._busy or self._choked or self._stepping or self._unsent > self._connections.socket_limits.choked_bytes

    def _read_on(self) -> None:
        """Parses and hands on as far as there is anything, and room for what it may cause."""
        while self.is_open and not self._blocked():
            if self._events:
                self._take(self._events.pop(0))
                if self._events or self._backlog:
                    self._step_later()  # one message in each tick: other connections want theirs handed on too
                    break
            elif self._backlog:
                step, self._backlog = self._backlog[:STEP], self._backlog[STEP:]
                self._parse(step)
            else:
                break
        if not self.is_open:
            self._events.clear()
            self._backlog = b""
        blocked = self.is_open and self._blocked()
        if blocked != self._paused and not self.transport.is_closing():
            self._paused = blocked
            if blocked:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def _parse(self, data: bytes) -> None:
        parser = self._parser
        parser.receive_data(data)
        events = cast("list[Frame]", parser.events_received())
        self._events.extend(events)
        if events and not self._afford(len(events)):
            self._events.clear()
            self._refuse("socket_rate", 1008, "too many messages")
            return
        written = parser.data_to_send()
        if SEND_EOF in written:
            self._end(written)
            return
        for pong in written:
            self.send_encoded(pong, durable=True)

    def _end(self, written: list[bytes]) -> None:
        """The client closes, or broke the protocol: the messages before that still count, then the parser's close message goes out."""
        while self._events and not self._busy and self.is_open:
            self._take(self._events.pop(0))
        if self._parser.parser_exc is not None:
            self._connections.gateway.metrics.refuse("malformed_socket")
        for message in written:
            if message != SEND_EOF:
                self.send_encoded(message, durable=True)
        self._leave()
        if not self._queued:
            self.write_out()

    def _afford(self, fragments: int) -> bool:
        """Whether so many fragments more are within the rate."""
        limits = self._connections.socket_limits
        now = self._connections.seconds()
        self._allowance = min(float(limits.burst), self._allowance + (now - self._refilled) * limits.messages_per_second) - fragments
        self._refilled = now
        return self._allowance >= 0

    def _take(self, fragment: Frame) -> None:
        """A whole message or a piece of one; the parser has answered control messages already."""
        opcode = fragment.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            if fragment.fin:
                self._hand_on(opcode, bytes(fragment.data))
                return
            self._kind = opcode
            self._fragments = 1
            self._message = [bytes(fragment.data)]
        elif opcode is Opcode.CONT:
            self._fragments += 1
            if self._fragments > self._connections.socket_limits.fragments:
                self._refuse("malformed_socket", 1008, "too many fragments")
                return
            if fragment.data:
                self._message.append(bytes(fragment.data))
            if fragment.fin:
                message, self._message = b"".join(self._message), []
                self._hand_on(self._kind, message)

    def _hand_on(self, kind: Opcode, message: bytes) -> None:
        session = self._session
        assert session is not None
        self._connections.socket_counts.received += 1
        text = ""
        if kind is Opcode.TEXT:
            try:
                text = message.decode()
            except UnicodeDecodeError:
                self._refuse("malformed_socket", 1007, "not UTF-8")
                return
        try:
            result = session.text(text) if kind is Opcode.TEXT else session.binary(message)
            if result is not None:
                # Most messages are answered without waiting for anything: they need no task.
                ended, rest = first_step(result)
                if not ended:
                    self._run(cast("Awaitable[None]", rest))
        except Exception as error:
            self._failed(error)

    def _run(self, result: Awaitable[None]) -> None:
        self._busy = True
        task = self._connections.loop.create_task(self._finish(result))
        tasks = cast("set[Any]", self._connections.state.tasks)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _finish(self, result: Awaitable[None]) -> None:
        try:
            await result
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception as error:
            self._failed(error)
        finally:
            self._busy = False
        if not self._gone:
            self._read_on()

    def _failed(self, error: Exception) -> None:
        """A session raised."""
        if isinstance(error, Withheld):
            self.withhold()
            return
        with contextlib.suppress(Exception):
            name = self._route.name or self._route.path
            _log.error("session failed", dialect=self._route.dialect, route=name, error=type(error).__name__, at=place_of(error))
        self._refuse("failed_socket", 1011, "internal error")

    # --- endings ----------------------------------------------------------------------------------------------------------

    def _silence(self) -> None:
        self.deadline = self._connections.now + self._connections.socket_limits.ping_seconds

    def _too_slow(self) -> None:
        self._drop("slow_socket", 1008, "too slow: unread messages are not kept without end")

    def _refuse(self, why: str, code: int, reason: str) -> None:
        """Ends the connection for `why`, behind the replies that were made."""
        self._connections.gateway.metrics.refuse(why)
        self.why_ended = why
        self._events.clear()
        self.close(code, reason)

    def _drop(self, why: str, code: int, reason: str) -> None:
        """Ends the connection for `why`; what was not written yet is thrown away, the reason goes out in its place."""
        if not self.is_open:
            return
        self._connections.gateway.metrics.refuse(why)
        self.why_ended = why
        self._forget()
        self._leave()
        if not self.transport.is_closing():
            self.transport.write(websocket_wire.close_message(code, reason))
            self._farewell()

    def _forget(self) -> None:
        self._connections.hold(-self._kept)
        self._kept = 0
        self._outbox.clear()
        self._queued.clear()
        self._events.clear()
        self._message = []
        self._backlog = b""
        self._unsent = 0

    def _leave(self) -> None:
        """Tells everybody, once, that this socket is closed; starts the patience for the rest."""
        if not self.is_open:
            return
        self.is_open = False
        self.stalled = inf
        self.deadline = inf if self._gone else self._connections.now + self._connections.socket_limits.closing_seconds
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(self)
        session, self._session = self._session, None
        if session is not None:
            try:
                session.closed()
            except Exception as error:
                _log.error("session failed to close", route=self._route.path, error=type(error).__name__, at=place_of(error))

    def _farewell_if_sent(self) -> None:
        if not self._queued and not self._outbox:
            self._farewell()

    def _farewell(self) -> None:
        """Our close message is written: half-closes, so that the client can read it, and waits for the client's end."""
        transport = self.transport
        if transport.is_closing():
            return
        if self._breaks_off is not None:
            self._breaks_off(transport)
            return
        if self._paused:
            self._paused = False
            transport.resume_reading()
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()
