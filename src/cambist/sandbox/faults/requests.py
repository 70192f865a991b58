"""Faults between an HTTP request and its reply: it gets lost, comes late, comes as something else, or breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from inspect import isawaitable

import msgspec

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Handler, Reply, Request, Withheld
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.situations import Situation, Wording
from cambist.gateway.http import wire
from cambist.sandbox import play_money
from cambist.sandbox.faults.clock_skew import ClientClock, skewed
from cambist.sandbox.faults.matching import Asked
from cambist.sandbox.faults.pages import HTML, error_page, plain_words
from cambist.sandbox.faults.plan import FaultPlan
from cambist.sandbox.faults.registry import Fault, Faults
from cambist.sandbox.faults.stale_reads import StaleReads

Identify = Callable[[Request], Identity | None]
Barrier = Callable[[], "asyncio.Future[None] | None"]

SITUATIONS = {
    "refuse": Situation.BUSY,
    "rate-limit": Situation.RATE_LIMITED,
    "ban": Situation.BANNED,
    "maintenance": Situation.MAINTENANCE,
    "nonce-rejected": Situation.NONCE_REJECTED,
}
"""What the client is rejection instead of an answer, by kind."""


@dataclass(frozen=True, slots=True)
class Wordings:
    """How each dialect, by its name, says what it says."""

    by_dialect: Mapping[str, Wording]

    def reply(self, dialect: str, request: Request, situation: Situation, wait: int = 0) -> Reply:
        """`wait` in µs, 0 for unknown."""
        return self.by_dialect.get(dialect, plain_words)(request, situation, wait)


def micros(seconds: float | None) -> int:
    """Of a plan's seconds; 0 where it says nothing."""
    return round((seconds or 0.0) * 1e6)


def instead(plan: FaultPlan, dialect: str, request: Request, wordings: Wordings) -> Reply | None:
    """What a request is answered with that is not carried out; None for a kind that lets it be."""
    situation = SITUATIONS.get(plan.kind)
    if situation is not None:
        return wordings.reply(dialect, request, situation, micros(plan.wait))
    if plan.kind == "server-error" and not plan.executed:
        return error_page(plan.status or 503)
    return None


class RequestFaults:
    """Carries out what fired at HTTP requests. `barrier` as the gateway's: nothing of a reply leaves before its command is on disk."""

    def __init__(
        self,
        faults: Faults,
        wordings: Wordings,
        identify: Mapping[str, Identify],
        barrier: Barrier,
        client_clock: ClientClock,
        stale_reads: StaleReads[Reply],
    ) -> None:
        self._faults = faults
        self._wordings = wordings
        self._identify = identify
        self._barrier = barrier
        self._client_clock = client_clock
        self._stale = stale_reads

    def route(self, route: Route) -> Route:
        """The route that faults can meet."""
        faults, handler, dialect = self._faults, route.handler, route.dialect
        identify = self._identify.get(dialect)

        def handle(request: Request) -> Reply | Awaitable[Reply]:
            if not faults.requests:
                return handler(request)
            asked = Asked.by_request(dialect, request, identify)
            fired = faults.met_by(asked)
            return self._carry_out(fired, asked, request, handler) if fired else handler(request)

        return replace(route, handler=handle)

    async def _carry_out(self, fired: list[Fault], asked: Asked, request: Request, handler: Handler) -> Reply:
        for fault in fired:
            plan = fault.plan
            if plan.kind == "lose-request":
                raise Withheld("a fault lost the request")
            if plan.kind == "reset" and plan.executed is False:
                raise Withheld("a fault reset the connection", reset=True)
            if plan.before:
                await self._faults.sleep(plan.before)
            rejection = instead(plan, asked.dialect, request, self._wordings)
            if rejection is not None:
                return rejection
        changes = self._stale.changes()
        skew = sum(micros(fault.plan.skew) for fault in fired)
        answer = skewed(self._client_clock, skew, lambda: handler(request)) if skew else handler(request)
        reply = await answer if isawaitable(answer) else answer
        read = self._stale.changes() == changes
        for fault in fired:
            if fault.plan.kind != "stale":
                reply = await self._afterwards(fault, request, reply)
            elif read:
                reply = self._stale.reply(fault, asked, reply)
        return reply

    async def _afterwards(self, fault: Fault, request: Request, reply: Reply) -> Reply:
        plan = fault.plan
        match plan.kind:
            case "lose-reply":
                raise Withheld("a fault lost the reply")
            case "delay" if plan.after:
                await self._faults.sleep(plan.after)
            case "server-error":
                return error_page(plan.status or 503)
            case "content-type":
                return _as_type(reply, HTML if plan.content_type is None else plan.content_type.encode())
            case "truncate" if plan.length != "wrong":
                content = reply.content
                return Reply(reply.status, content[: kept_bytes(plan, len(content))], reply.content_type, reply.headers)
            case "truncate":
                content = reply.content
                whole = rendered(reply, request)
                await self.durable()
                raise Withheld("a fault cut the reply", sent=whole[: len(whole) - len(content) + kept_bytes(plan, len(content))])
            case "reset":
                whole = rendered(reply, request)
                await self.durable()
                raise Withheld("a fault reset the connection", sent=whole[: kept_bytes(plan, len(whole))], reset=True)
        return reply

    async def durable(self) -> None:
        """Returns once everything applied so far is on disk; Withheld when it never will be."""
        try:
            waiting = self._barrier()
            if waiting is not None:
                await asyncio.shield(waiting)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise Withheld from error


def rendered(reply: Reply, request: Request) -> bytes:
    """A whole reply as it would be sent."""
    whole = wire.render(reply, head=request.method == "HEAD", lines=play_money.LINES)
    return whole if isinstance(whole, bytes) else b"".join(whole)


def _as_type(reply: Reply, content_type: bytes) -> Reply:
    return msgspec.structs.replace(reply, content_type=content_type)


def kept_bytes(plan: FaultPlan, size: int) -> int:
    """How many of so many bytes leave: never all of them."""
    wanted = size // 2 if plan.after_bytes is None else plan.after_bytes
    return min(wanted, max(size - 1, 0))
