"""The faults that are armed, when each fires, and what has fired."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

import msgspec
import structlog

from cambist.directory import Directory
from cambist.exchange import Catalogue
from cambist.sandbox.draws import Draws
from cambist.sandbox.faults.matching import Asked, AskedOrder, PlanRefused, Selector
from cambist.sandbox.faults.plan import KINDS, Family, FaultPlan, complaint
from cambist.scheduling import Scheduler, Timer

_log = structlog.get_logger("cambist.sandbox")
MOST_ARMED = 1_000
KEPT = 1_000
"""Faults that are over, and firings, of which the newest are kept."""

ARMED, SPENT, DISARMED, EXPIRED = "armed", "spent", "disarmed", "expired"


class Firing(msgspec.Struct, frozen=True):
    """A fault that fired: its number, when (µs), and the request that met it.

    `exchange`: the request's number in the request log, 0 for what the sandbox sent by itself; `logged`: the newest number that the log had
    then. `request`: its methods and path; `account`: whose it was, null for a stranger's.
    """

    number: int
    time: int
    fault: str
    dialect: str
    transport: str
    request: str
    exchange: int = 0
    account: int | None = None
    logged: int = 0


class KeptFault(msgspec.Struct, frozen=True):
    """A fault as it is saved; `chance`: where its stream is."""

    id: str
    plan: FaultPlan
    armed_at: int
    ends_at: int | None
    met: int
    fired: int
    state: str
    chance: bytes


class KeptRegistry(msgspec.Struct, frozen=True):
    """All faults as they are saved."""

    numbers: int
    fired_count: int
    armed: list[KeptFault]
    firings: list[Firing]


class Log(Protocol):
    """The request log, as far as faults have to do with it."""

    @property
    def current_number(self) -> int:
        """Of the request that is being handled; 0 when none is."""

    @property
    def last_number(self) -> int:
        """Of the newest record; 0 without any."""

    def touched_by(self, fault: str) -> None:
        """Notes that a fault touched that request."""


class Fault:
    """One armed fault. `on_end` is called once it is disarmed or its time is over: for what lasts."""

    def __init__(self, fault_id: str, plan: FaultPlan, selector: Selector, draws: Draws, now: int) -> None:
        self.id = fault_id
        self.plan = plan
        self.kind = KINDS[plan.kind]
        self.selector = selector
        self._draws = draws
        unbounded = self.kind.lasting or plan.seconds is not None or plan.now
        self._most = plan.count if plan.count is not None else 0 if unbounded else 1
        self.armed_at = now
        self.ends_at = None if plan.seconds is None else now + round(plan.seconds * 1e6)
        self.met = 0
        self.fired = 0
        self.state = ARMED
        self.on_end: list[Callable[[], object]] = []
        self.timer: Timer | None = None

    def fires(self, now: int) -> bool:
        """Counts one that it meets, and says whether it fires at it."""
        if self.state != ARMED or (self.ends_at is not None and now >= self.ends_at):
            return False
        plan = self.plan
        self.met += 1
        place = self.met - plan.skip
        if place <= 0 or place % plan.every:
            return False
        if plan.probability < 1.0 and self._draws.uniform() >= plan.probability:
            return False
        self.fired += 1
        if self.fired == self._most:
            self.state = SPENT
        return True

    def save(self) -> KeptFault:
        """As it is now."""
        return KeptFault(self.id, self.plan, self.armed_at, self.ends_at, self.met, self.fired, self.state, self._draws.save())

    def restore(self, kept: KeptFault) -> None:
        """As it was then."""
        self.armed_at, self.ends_at = kept.armed_at, kept.ends_at
        self.met, self.fired, self.state = kept.met, kept.fired, kept.state
        self._draws.restore(kept.chance)

    def begins(self) -> None:
        """Counts one that it met by itself, when it was armed."""
        self.met += 1
        self.fired += 1


class Faults:
    """All faults of one sandbox; `requests`, `messages` and `orders` are those that may still fire there, oldest first."""

    def __init__(
        self,
        seed: int,
        scheduler: Scheduler,
        directory: Directory,
        catalogue: Catalogue,
        dialects: Collection[str],
        log: Log,
    ) -> None:
        self.scheduler = scheduler
        self._seed = seed
        self._directory = directory
        self._catalogue = catalogue
        self._dialects = dialects
        self._log = log
        self._numbers = 0
        self._fired_count = 0
        self._faults: dict[str, Fault] = {}
        self._over: deque[Fault] = deque(maxlen=KEPT)
        self._firings: deque[Firing] = deque(maxlen=KEPT)
        self._delayed: dict[asyncio.Future[None], None] = {}
        self.armed_at_all = False
        """Whether any fault may still fire at a request, a message or an order."""
        self.requests: tuple[Fault, ...] = ()
        self.messages: tuple[Fault, ...] = ()
        self.orders: tuple[Fault, ...] = ()
        self._unknown_outcomes: deque[str] = deque(maxlen=KEPT)
        self.on_armed: list[Callable[[Fault], object]] = []
        """Called with each fault that was armed: for what begins at once."""

    def arm(self, plan: FaultPlan) -> Fault:
        """PlanRefused for one that makes no sense, or not here."""
        wrong = complaint(plan)
        if wrong is not None:
            raise PlanRefused(wrong)
        if len(self._faults) >= MOST_ARMED:
            raise PlanRefused(f"{MOST_ARMED} faults are armed; disarm some")
        selector = Selector(plan, self._dialects, self._directory, self._catalogue)
        self._numbers += 1
        fault = self._made(f"{plan.kind}-{self._numbers}", plan, selector)
        self._keep(fault)
        for armed in self.on_armed:
            armed(fault)
        return fault

    def _made(self, fault_id: str, plan: FaultPlan, selector: Selector) -> Fault:
        return Fault(fault_id, plan, selector, Draws(self._seed, f"fault/{fault_id}"), self.scheduler.now())

    def _keep(self, fault: Fault) -> None:
        self._faults[fault.id] = fault
        if fault.ends_at is not None:
            fault.timer = self.scheduler.at(fault.ends_at, lambda: self._end(fault, EXPIRED), f"{fault.id} ends")
        self._sort()

    def save(self) -> KeptRegistry:
        """As it is now; what is over is left out."""
        return KeptRegistry(self._numbers, self._fired_count, [fault.save() for fault in self.armed], self.firings)

    def restore(self, kept: KeptRegistry) -> None:
        """As it was then, into one in which nothing was armed. PlanRefused for a fault that cannot be armed in this sandbox."""
        self._numbers, self._fired_count = kept.numbers, kept.fired_count
        self._firings.extend(kept.firings)
        for each in kept.armed:
            fault = self._made(each.id, each.plan, Selector(each.plan, self._dialects, self._directory, self._catalogue))
            fault.restore(each)
            self._keep(fault)

    def disarm(self, fault_id: str) -> Fault | None:
        """The fault, which does nothing any more; None when there is none of that id."""
        fault = self._faults.get(fault_id)
        if fault is not None:
            self._end(fault, DISARMED)
        return fault

    def clear(self) -> None:
        """Disarms all. What they delayed goes on at once."""
        for fault in list(self._faults.values()):
            self._end(fault, DISARMED)
        for woken in tuple(self._delayed):
            woken.set_result(None)
        self._delayed.clear()

    async def sleep(self, seconds: float) -> None:
        """Returns after so much of the sandbox's time, or when all faults are disarmed."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._delayed[woken] = None
        timer = self.scheduler.after(round(seconds * 1e6), lambda: self._wake(woken))
        try:
            await woken
        finally:
            timer.cancel()
            self._delayed.pop(woken, None)

    def _wake(self, woken: asyncio.Future[None]) -> None:
        if self._delayed.pop(woken, 0) is None and not woken.done():
            woken.set_result(None)

    @property
    def armed(self) -> list[Fault]:
        """Those that are not over, oldest first."""
        return list(self._faults.values())

    @property
    def over(self) -> list[Fault]:
        """The newest that are over, oldest first."""
        return list(self._over)

    @property
    def firings(self) -> list[Firing]:
        """The newest, oldest first."""
        return list(self._firings)

    @property
    def unknown_outcomes(self) -> list[str]:
        """The newest client order ids that asked for an outcome that there is not, oldest first."""
        return list(self._unknown_outcomes)

    def asked_for_unknown_outcome(self, tag: str) -> None:
        """Notes a client order id that seems to ask for an outcome; the first one is logged, since its order is placed as any other."""
        if not self._unknown_outcomes:
            _log.warning("a client order id asks for no known outcome; GET /sandbox/faults lists further ones", client_order_id=tag)
        self._unknown_outcomes.append(tag)

    def met_by(self, asked: Asked) -> list[Fault]:
        """The faults that fire at this request, oldest first."""
        return self._fired(self.requests, lambda fault: fault.selector.meets(asked), asked)

    def met_by_message(self, asked: Asked, eligible: Callable[[Fault], bool]) -> list[Fault]:
        """The faults, of those that are `eligible`, that fire at this message of the sandbox's."""
        return self._fired(self.messages, lambda fault: eligible(fault) and fault.selector.meets(asked), asked)

    def met_by_order(self, asked: Asked, order: AskedOrder, eligible: Callable[[Fault], bool]) -> list[Fault]:
        """The faults, of those that are `eligible`, that fire at this order of this request."""
        return self._fired(self.orders, lambda fault: eligible(fault) and fault.selector.meets_order(order, asked), asked)

    def note(self, fault: str, asked: Asked) -> None:
        """Writes down that a fault fired at this request."""
        self._fired_count += 1
        identity = asked.identity
        account = None if identity is None else identity.account
        log = self._log
        firing = Firing(
            number=self._fired_count,
            time=self.scheduler.now(),
            fault=fault,
            dialect=asked.dialect,
            transport=asked.transport,
            request=asked.line,
            exchange=log.current_number,
            account=account,
            logged=log.last_number,
        )
        self._firings.append(firing)
        self._log.touched_by(fault)

    def _fired(self, faults: Iterable[Fault], meets: Callable[[Fault], bool], asked: Asked) -> list[Fault]:
        now = self.scheduler.now()
        fired = [fault for fault in faults if meets(fault) and fault.fires(now)]
        for fault in fired:
            self.fired_at(fault, asked)
        return fired

    def spend(self, fault: Fault) -> None:
        """Lets it fire no more."""
        if fault.state == ARMED:
            fault.state = SPENT
            self._spend(fault)

    def fired_at(self, fault: Fault, asked: Asked) -> None:
        """Takes down that a fault fired at this request or socket."""
        self.note(fault.id, asked)
        if fault.state == SPENT:
            self._spend(fault)

    def _spend(self, fault: Fault) -> None:
        """It fires no more. What stays, stays until it is disarmed or its time is over."""
        if fault.kind.stays:
            self._sort()
        else:
            self._end(fault, SPENT)

    def _end(self, fault: Fault, state: str) -> None:
        if self._faults.pop(fault.id, None) is None:
            return
        fault.state = state
        if fault.timer is not None:
            fault.timer.cancel()
        self._over.append(fault)
        self._sort()
        ends, fault.on_end = fault.on_end, []
        for end in ends:
            end()

    def _sort(self) -> None:
        live = [fault for fault in self._faults.values() if fault.state == ARMED]
        by_order = [fault for fault in live if fault.kind.family is Family.ORDER or fault.selector.by_order]
        self.orders = tuple(fault for fault in by_order if fault.kind.family is not Family.MARKET)
        self.requests = tuple(fault for fault in live if fault.kind.family is Family.REQUEST and fault not in by_order)
        self.messages = tuple(fault for fault in live if fault.kind.family is Family.MESSAGE)
        self.armed_at_all = bool(live)
