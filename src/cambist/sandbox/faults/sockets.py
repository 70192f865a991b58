"""Faults on a socket: on its handshake, on what its client asks, and on each message that the sandbox sends."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from inspect import isawaitable

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.dialect_kit.websocket_wire import TEXT, encode, text_message
from cambist.sandbox.faults.clock_skew import ClientClock, skewed
from cambist.sandbox.faults.matching import HANDSHAKE, SOCKET, Asked
from cambist.sandbox.faults.plan import FaultPlan
from cambist.sandbox.faults.registry import Fault, Faults
from cambist.sandbox.faults.requests import SITUATIONS, Identify, Wordings, instead, kept_bytes, micros
from cambist.sandbox.faults.stale_reads import StaleReads
from cambist.sandbox.request_log import payload_of

Sent = tuple[bytes, bool]
"""An encoded message, and whether it is durable."""
Answers = tuple[tuple[Sent, ...], bytes]
"""What was sent in answer to a request, and the request's id as it was written."""
CUT = 1006
"""The close code that nobody sends: the connection ends without a closing handshake."""
_ID = re.compile(rb'"id"\s*:\s*("[^"]*"|[0-9.]+)')
_AT_ONCE = ("socket-close", "socket-silence", "socket-freeze")


class SocketFaults:
    """Stands before the dialects' sockets."""

    def __init__(
        self,
        faults: Faults,
        wordings: Wordings,
        identify: Mapping[str, Identify],
        client_clock: ClientClock,
        stale_reads: StaleReads[Answers],
    ) -> None:
        self.faults = faults
        self.client_clock = client_clock
        self.stale_reads = stale_reads
        self._wordings = wordings
        self._identify = identify
        self._open: dict[FaultySocket, None] = {}
        faults.on_armed.append(self._armed)

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        """The route whose sockets faults can meet."""
        accept, dialect, faults = route.accept, route.dialect, self.faults
        identify = self._identify.get(dialect)

        def met(request: Request, socket: Socket) -> Session | Reply:
            if faults.requests:
                for fault in faults.met_by(Asked.by_request(dialect, request, identify, HANDSHAKE)):
                    reply = self._at_handshake(fault.plan, dialect, request)
                    if reply is not None:
                        return reply
            own = FaultySocket(socket, self, dialect)
            session = accept(request, own)
            if isinstance(session, Reply):
                return session
            own.session = session
            self._open[own] = None
            own.on_closed(lambda _own: self._open.pop(own, None))
            return FaultySession(own, session, self)

        return replace(route, accept=met)

    def _at_handshake(self, plan: FaultPlan, dialect: str, request: Request) -> Reply | None:
        if plan.kind in ("lose-request", "lose-reply"):
            raise Withheld("a fault lost the handshake")
        if plan.kind == "reset":
            raise Withheld("a fault reset the connection", reset=True)
        return instead(_never_executed(plan), dialect, request, self._wordings)

    def _armed(self, fault: Fault) -> None:
        """What begins at once, on every open socket that the fault meets."""
        if fault.plan.kind not in _AT_ONCE or not fault.plan.now:
            return
        for socket in list(self._open):
            asked = socket.asked(b"")
            if fault.selector.meets(asked) and fault.fires(self.faults.scheduler.now()):
                self.faults.fired_at(fault, asked)
                socket.meet(fault)
        if not fault.kind.lasting and fault.plan.count is None and fault.plan.seconds is None:
            self.faults.spend(fault)


def _never_executed(plan: FaultPlan) -> FaultPlan:
    """The plan of a fault at a handshake, where nothing is carried out that could be answered otherwise."""
    return plan if not plan.executed else FaultPlan(plan.kind, status=plan.status)


class FaultySocket:
    """A client's socket as its session sees it: what is sent on it may get lost, doubled, out of order."""

    def __init__(self, inner: Socket, sockets: SocketFaults, dialect: str) -> None:
        self.inner = inner
        self.session: Session | None = None
        self._sockets = sockets
        self._dialect = dialect
        self._answers: list[Sent] | None = None  # what is sent while a request is carried out whose answer a fault will change
        self._answered = -1  # messages sent since a client's message came, -1: none is being handled
        self._silenced: set[str] = set()  # by which faults
        self._frozen: set[str] = set()  # by which faults
        self._to_lose = 0
        self._overtaken: list[Sent] = []  # messages that go out behind the next one
        self._late: list[tuple[Sent, int]] = []  # snapshots, and how many messages go first

    @property
    def request(self) -> Request:
        return self.inner.request

    @property
    def is_open(self) -> bool:
        return self.inner.is_open

    @property
    def why_ended(self) -> str:
        return self.inner.why_ended

    @property
    def client(self) -> str:
        return self.inner.client

    def identity(self) -> Identity | None:
        return None if self.session is None else self.session.identity()

    def asked(self, message: bytes) -> Asked:
        """What selectors look at: the socket's path, whom its client has shown itself to be, and a message."""
        return Asked(self._dialect, SOCKET, "", self.request.path, message, self.identity)

    # --- what is sent -----------------------------------------------------------------------------------------------------

    @property
    def _untouched(self) -> bool:
        held = self._silenced or self._to_lose or self._overtaken or self._late
        return not (self._sockets.faults.messages or held or self._answers is not None)

    def send(self, message: bytes, *, durable: bool = False) -> None:
        if self._untouched:
            self.inner.send(message, durable=durable)
        else:
            self.send_encoded(text_message(message), durable=durable)

    def send_encoded(self, message: bytes, *, durable: bool = False) -> None:
        if self._untouched:
            self.inner.send_encoded(message, durable=durable)
        elif self._answers is not None:
            self._answers.append((message, durable))
        else:
            self._pass((message, durable))

    def _pass(self, sent: Sent) -> None:
        """Sends it, unless something happens to it."""
        if not self.is_open:
            return
        snapshot = self._answered > 0 and self.session is not None and self.session.answers_with_snapshots
        if self._answered >= 0:
            self._answered += 1
        if self._loses():
            return
        if self._frozen:  # it comes when the socket thaws; no fault can be seen at it before
            self._deliver(sent)
            return
        times = 1
        faults = self._sockets.faults
        if faults.messages:
            asked = self.asked(payload_of(sent[0]))
            for fault in faults.met_by_message(asked, lambda fault: snapshot or fault.plan.kind != "socket-late-snapshot"):
                if fault.plan.kind == "socket-duplicate":
                    times += 1
                elif fault.plan.kind == "socket-reorder":
                    if not self._overtaken:
                        fault.on_end.append(self._send_overtaken)
                    self._overtaken.append(sent)
                    return
                elif fault.plan.kind == "socket-late-snapshot":
                    self._keep_late(fault.plan, sent)
                    return
                else:
                    self.meet(fault)
                    return
        for _time in range(times):
            self._deliver(sent)
        self._send_overtaken()
        self._send_late()

    def _loses(self) -> bool:
        """Whether the next message goes nowhere: the socket is silent, or loses some in a row."""
        if self._silenced:
            return True
        if self._to_lose:
            self._to_lose -= 1
            return True
        return False

    def _deliver(self, sent: Sent) -> None:
        message, durable = sent
        self.inner.send_encoded(message, durable=durable)

    def _send_overtaken(self) -> None:
        overtaken, self._overtaken = self._overtaken, []
        for sent in overtaken:
            self._deliver(sent)

    def _keep_late(self, plan: FaultPlan, sent: Sent) -> None:
        if plan.messages is not None:
            self._late.append((sent, plan.messages))
        else:
            self._sockets.faults.scheduler.after(micros(plan.delay), lambda: self._deliver(sent))

    def _send_late(self) -> None:
        """Counts a message that went before the snapshots that are late, and sends those whose time has come."""
        late, self._late = self._late, []
        for sent, before in late:
            if before <= 1:
                self._deliver(sent)
            else:
                self._late.append((sent, before - 1))

    def meet(self, fault: Fault) -> None:
        """Ends the socket, or makes it silent, or freezes it; or loses the message, and those behind it."""
        plan = fault.plan
        match plan.kind:
            case "socket-close" if plan.code in (None, CUT):
                self.inner.abort()
            case "socket-close":
                self.inner.close(plan.code or CUT, plan.reason or "")
            case "socket-silence":
                self._silenced.add(fault.id)
                fault.on_end.append(lambda: self._silenced.discard(fault.id))
            case "socket-freeze":
                thaw = self.inner.freeze()
                self._frozen.add(fault.id)
                fault.on_end += (thaw, lambda: self._frozen.discard(fault.id))
            case "socket-skip":
                self._to_lose = (plan.messages or 1) - 1

    # --- answers ----------------------------------------------------------------------------------------------------------

    def begin_answers(self) -> None:
        """Keeps back what is sent, until `end_answers`."""
        self._answers = []

    def end_answers(self) -> list[Sent]:
        """What was kept back."""
        answers, self._answers = self._answers or [], None
        return answers

    def begin_handling(self) -> None:
        """A client's message is being handled: what is sent behind the first answer is a snapshot."""
        self._answered = 0

    def end_handling(self) -> None:
        self._answered = -1

    def answer(self, answers: list[Sent]) -> None:
        """Sends what was kept back, or what is to be sent in its place."""
        for sent in answers:
            self._pass(sent)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.inner.close(code, reason)

    def abort(self) -> None:
        self.inner.abort()

    def break_off(self, *, reset: bool = False) -> None:
        self.inner.break_off(reset=reset)

    def freeze(self) -> Callable[[], None]:
        return self.inner.freeze()

    def on_closed(self, listener: Callable[[Socket], None]) -> None:
        self.inner.on_closed(lambda _inner: listener(self))


class FaultySession(Session):
    """The session of a dialect whose client's messages faults can meet."""

    def __init__(self, socket: FaultySocket, inner: Session, sockets: SocketFaults) -> None:
        super().__init__(socket)
        self._socket = socket
        self._inner = inner
        self._sockets = sockets

    def identity(self) -> Identity | None:
        return self._inner.identity()

    def opened(self) -> None:
        self._inner.opened()

    def closed(self) -> None:
        self._inner.closed()

    def text(self, message: str) -> Awaitable[None] | None:
        if not (self._sockets.faults.requests or self._sockets.faults.messages):
            return self._inner.text(message)
        return self._heard(message, message.encode(), lambda: self._inner.text(message))

    def binary(self, message: bytes) -> Awaitable[None] | None:
        if not (self._sockets.faults.requests or self._sockets.faults.messages):
            return self._inner.binary(message)
        return self._heard(message.decode("utf-8", "replace"), message, lambda: self._inner.binary(message))

    async def _heard(self, message: str, data: bytes, handle: Callable[[], Awaitable[None] | None]) -> None:
        asked = self._socket.asked(data)
        fired = self._sockets.faults.met_by(asked)
        self._socket.begin_handling()
        try:
            if fired:
                await self._carry_out(fired, asked, message, handle)
            else:
                rest = handle()
                if isawaitable(rest):
                    await rest
        finally:
            self._socket.end_handling()

    async def _carry_out(self, fired: list[Fault], asked: Asked, message: str, handle: Callable[[], Awaitable[None] | None]) -> None:
        socket = self._socket
        for fault in fired:
            if not await self._before(fault.plan, message):
                return
        skew = sum(micros(fault.plan.skew) for fault in fired)
        changes = self._sockets.stale_reads.changes()
        socket.begin_answers()
        try:
            rest = skewed(self._sockets.client_clock, skew, handle) if skew else handle()
            if isawaitable(rest):
                await rest
        finally:
            answers = socket.end_answers()
        read = self._sockets.stale_reads.changes() == changes
        for fault in fired:
            if fault.plan.kind == "stale":
                answers = self._stale(fault, asked, answers) if read else answers
            elif not await self._afterwards(fault.plan, answers):
                return
        socket.answer(answers)

    async def _before(self, plan: FaultPlan, message: str) -> bool:
        """Whether the message is handled at all."""
        socket = self._socket
        if plan.kind == "lose-request":
            socket.abort()
            return False
        if plan.kind == "reset" and plan.executed is False:
            socket.break_off(reset=True)
            return False
        if plan.before:
            await self._sockets.faults.sleep(plan.before)
        situation = SITUATIONS.get(plan.kind)
        words = None if situation is None else self._inner.worded(message, situation)
        if words is not None:
            socket.send(words, durable=True)
        return words is None

    async def _afterwards(self, plan: FaultPlan, answers: list[Sent]) -> bool:
        """Whether the answers are sent; they may have been changed."""
        socket = self._socket
        match plan.kind:
            case "lose-reply":
                socket.abort()
                return False
            case "delay" if plan.after:
                await self._sockets.faults.sleep(plan.after)
            case "truncate" if answers and plan.length != "wrong":
                payload = payload_of(answers[0][0])
                answers[0] = (encode(TEXT, payload[: kept_bytes(plan, len(payload))]), answers[0][1])
            case "truncate" if answers:
                head, size = _split(answers[0][0])
                self._send_beginning(answers[0], head + kept_bytes(plan, size), reset=False)
                return False
            case "reset":
                if answers:
                    self._send_beginning(answers[0], kept_bytes(plan, len(answers[0][0])), reset=True)
                else:
                    socket.break_off(reset=True)
                return False
        return True

    def _send_beginning(self, answer: Sent, size: int, *, reset: bool) -> None:
        """So many bytes of a message, and the connection's end."""
        message, durable = answer
        if size:
            self._socket.inner.send_encoded(message[:size], durable=durable)
        self._socket.break_off(reset=reset)

    def _stale(self, fault: Fault, asked: Asked, answers: list[Sent]) -> list[Sent]:
        found = _ID.search(asked.text)
        own = found[1] if found else b""
        old, old_id = self._sockets.stale_reads.reply(fault, asked, (tuple(answers), own))
        return [(_with_id(message, old_id, own), durable) for message, durable in old]


def _split(message: bytes) -> tuple[int, int]:
    """(bytes of the head, bytes of the payload) of an encoded message."""
    payload = len(payload_of(message))
    return len(message) - payload, payload


def _with_id(message: bytes, old: bytes, new: bytes) -> bytes:
    """An old answer to a new request: the request's id is in it."""
    if not old or old == new:
        return message
    payload = payload_of(message)
    return encode(TEXT, re.sub(rb'("id"\s*:\s*)' + re.escape(old) + rb"(?![0-9.])", lambda found: found[1] + new, payload))
