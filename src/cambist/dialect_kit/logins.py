"""Logging in with a name and a password, wherever the venue asks for one. Whoever must wait waits here, in a queue for each name.

`directory/login.py` has the budgets. Where they are used up, a try is held back, and every ADMISSION_INTERVAL one of those that wait for a
name is looked at. It is drawn by lot, one for each network, with a weight that falls with the square of what was tried from around there: a
stranger, however busy, hardly ever keeps the owner of a name who is on a new network waiting for more than an interval or two.
"""

from __future__ import annotations

import asyncio
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate

from cambist.dialect_kit.rate_limits import MINUTE, SECOND, Budget, RateLimits, RateRules
from cambist.dialect_kit.shared_counts import SharedCounts
from cambist.directory import Directory, LoginRejection, User
from cambist.directory.login import ADMISSION_INTERVAL, network_of
from cambist.domain.state_parts import Serial, StateParts
from cambist.scheduling import Scheduler, Timer

PATIENCE = 45 * SECOND
"""How long a try waits to be admitted, µs: less than proxies and browsers wait for a reply."""
PLACES = 32
"""Tries that wait for one name. Of more, those from where most was tried are sent away."""
ALL_PLACES = 1_024
ADDRESSES = RateRules({"login": (Budget("address", 10, MINUTE),)}, tiers=())
"""What one network may try, whatever names it names: looking at a password takes long on purpose. Known devices are not counted."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A user who came in. `device`: what the browser is to show next time, 32 hex digits."""

    user: User
    device: str


@dataclass(slots=True)
class _Waiting:
    network: str
    weight: float
    admission: asyncio.Future[bool]


@dataclass(slots=True)
class _Queue:
    """Those who wait for one name."""

    next_admission: int = 0
    waiting: list[_Waiting] = field(default_factory=list)
    timer: Timer | None = None


class Logins:
    """One for the venue; for the event loop's thread."""

    def __init__(
        self,
        directory: Directory,
        scheduler: Scheduler,
        entropy: Callable[[str, int], bytes],
        state_parts: StateParts | None = None,
        shared_counts: SharedCounts | None = None,
    ) -> None:
        self._directory = directory
        self._scheduler = scheduler
        self._addresses = RateLimits(ADDRESSES, scheduler.now)
        self._entropy = entropy
        parts = StateParts() if state_parts is None else state_parts
        self._lots = Serial(parts, "login lots")
        parts.add(self._addresses.part("login addresses"))
        if shared_counts is not None:
            shared_counts.share("login addresses", self._addresses)
        self._queues: dict[str, _Queue] = {}

    async def login(self, name: str, password: str, code: str, address: str, device: str) -> LoggedIn | LoginRejection:
        """Who logs in from `address`, by a browser that shows `device` (empty: none).

        WRONG, CODE_REQUIRED, CODE_WRONG, CODE_PAUSED, FROZEN.

        PAUSED when it was not looked at: too many tries from there, or it was not admitted within PATIENCE.
        """
        login = self._directory.login
        known = bool(device) and await asyncio.to_thread(lambda: login.knows_device(self._directory.user(name), device))
        if not known and self._addresses.admit("login", address=network_of(address)):
            return LoginRejection.PAUSED
        found = await asyncio.to_thread(login.authenticate, name, password, code, address, device)
        if found is LoginRejection.PAUSED and await self._admitted(name.lower(), address):
            found = await asyncio.to_thread(lambda: login.authenticate(name, password, code, address, device, waited=True))
        if isinstance(found, LoginRejection):
            return found
        return LoggedIn(found, await asyncio.to_thread(login.remember_device, found, device))

    # --- waiting ------------------------------------------------------------------------------------------------------------

    async def _admitted(self, name: str, address: str) -> bool:
        """Waits; False when it was not admitted."""
        tries = await asyncio.to_thread(self._directory.login.tries_around, name, address)
        queue = self._queues.setdefault(name, _Queue())
        mine = _Waiting(network_of(address), (1 + tries) ** -2, asyncio.get_running_loop().create_future())
        if not self._enter(queue, mine):
            self._forget(name, queue)
            return False
        patience = self._scheduler.after(PATIENCE, lambda: _answer(mine, False))
        self._schedule(name, queue)
        try:
            return await mine.admission
        finally:
            patience.cancel()
            if mine in queue.waiting:
                queue.waiting.remove(mine)
            self._forget(name, queue)

    def _enter(self, queue: _Queue, mine: _Waiting) -> bool:
        """Takes a place, if need be that of somebody with less weight. One for each network: of two tries from one, the lot says whose."""
        for other in queue.waiting:
            if other.network == mine.network:
                return self._lot() < 0.5 and self._replace(queue, other, mine)
        if len(queue.waiting) < PLACES and sum(len(each.waiting) for each in self._queues.values()) < ALL_PLACES:
            queue.waiting.append(mine)
            return True
        least = min(queue.waiting, key=lambda other: other.weight, default=None)
        return least is not None and least.weight < mine.weight and self._replace(queue, least, mine)

    @staticmethod
    def _replace(queue: _Queue, other: _Waiting, mine: _Waiting) -> bool:
        queue.waiting[queue.waiting.index(other)] = mine
        _answer(other, False)
        return True

    def _schedule(self, name: str, queue: _Queue) -> None:
        if queue.timer is None:
            queue.timer = self._scheduler.at(max(queue.next_admission, self._scheduler.now()), lambda: self._admit_one(name, queue))

    def _lot(self) -> float:
        """A number from 0 to 1, drawn anew."""
        return int.from_bytes(self._entropy(f"login-queue-{self._lots()}", 7)) / (1 << 56)

    def _admit_one(self, name: str, queue: _Queue) -> None:
        queue.timer = None
        if queue.waiting:
            mark = self._lot() * sum(each.weight for each in queue.waiting)
            at = bisect([*accumulate(each.weight for each in queue.waiting)], mark)
            next_one = queue.waiting.pop(min(at, len(queue.waiting) - 1))
            queue.next_admission = self._scheduler.now() + ADMISSION_INTERVAL
            _answer(next_one, True)
            self._schedule(name, queue)
        else:
            self._forget(name, queue)

    def _forget(self, name: str, queue: _Queue) -> None:
        """Once nobody waits and the next one may be admitted at any time."""
        if not queue.waiting and queue.timer is None:
            if queue.next_admission > self._scheduler.now():
                self._schedule(name, queue)
            elif self._queues.get(name) is queue:
                del self._queues[name]


def _answer(waiting: _Waiting, admitted: bool) -> None:
    if not waiting.admission.done():
        waiting.admission.set_result(admitted)
