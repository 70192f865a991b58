"""Follows one order through the journal: from the command that placed it to its end, with its place in the queue at its price."""

from __future__ import annotations  # the native types are names of the stub only

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from cambist import _core
from cambist.domain.events import EVERY_COMMAND, EVERY_KIND, kinds_of
from cambist.domain.orders import OrderType
from cambist.domain.transfers import Business
from cambist.sandbox.report.placing import Placing
from cambist.sandbox.report.replay import OF_ONE_ACCOUNT, Command, ReplaySource, commands, record_of

if TYPE_CHECKING:
    from cambist._core import Engine, Event

MOST_COMMANDS = 5_000_000
"""Of the journal that are gone through behind the one that placed the order."""
STRETCH = 256
"""Commands that are applied at once where nothing happens to the order."""
FOLLOWED = kinds_of(
    _core.TradeExecuted,
    _core.ConvertedTradeExecuted,
    _core.OrderDone,
    _core.OrderReplaced,
    _core.StopTriggered,
    _core.StopTrailed,
)
"""Events that may be about the order, or about one that stands before it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the order stood in the queue at its price after a command: orders and amount (units of the market) before it."""

    seq: int
    time: int
    orders: int
    amount: int


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An event that is about the order, or about its account's money because of it."""

    seq: int
    time: int
    event: Event


@dataclass(slots=True)
class Followed:
    """`command`: what placed it, or would have; `placing`: what was asked for; `before`: the core right before it. `order` is None where
    the core took nothing. `cut`: it lives on, but the journal was not gone through any further."""

    command: Command
    placing: Placing
    before: Engine
    code: int
    order: _core.OrderAccepted | None = None
    events: list[OrderEvent] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    cut: bool = False


def seq_of_order(source: ReplaySource, order: int) -> int | None:
    """The seq of the command that placed the order of that number; None when there is no such order. JournalDamaged, JournalError."""
    engine, journal, until = source()
    following = commands(journal, engine.seq, until)
    while stretch := list(islice(following, STRETCH)):
        engine.apply_batch(b"".join(map(record_of, stretch)), False)
        if engine.next_order_id > order:
            return _narrowed(source, stretch[0].seq, order)
    return None


def _narrowed(source: ReplaySource, first: int, order: int) -> int | None:
    """The same, of a command from `first` on."""
    engine, journal, until = source()
    for command in at(engine, commands(journal, engine.seq, until), first - 1):
        engine.apply_batch(record_of(command), False)
        if engine.next_order_id > order:
            return command.seq
    return None


def at(engine: Engine, following: Iterable[Command], seq: int) -> Iterator[Command]:
    """Applies the commands up to `seq`, and gives those behind it."""
    waiting = bytearray()
    for command in following:
        if command.seq <= seq:
            waiting += record_of(command)
            if len(waiting) > 1 << 20 or command.seq == seq:
                engine.apply_batch(bytes(waiting), False)
                waiting.clear()
        else:
            yield command


def follow(source: ReplaySource, seq: int, order: int | None = None) -> Followed | None:
    """The order that the command `seq` placed or tried to; of several (a pair) the one that is asked for. None for a command that places
    nothing. JournalDamaged, JournalError."""
    engine, journal, until = source()
    following = at(engine, commands(journal, engine.seq, until), seq - 1)
    command = next(following, None)
    placing = Placing.of(command) if command is not None and command.seq == seq else None
    if command is None or placing is None:
        return None
    before = _core.Engine.restore(engine.snapshot())
    _, encoded = engine.apply_batch(record_of(command))
    events = _core.decode_events(encoded, EVERY_KIND, EVERY_COMMAND)
    applied = events[0]
    assert isinstance(applied, _core.CommandApplied)
    accepted = [event for event in events if isinstance(event, _core.OrderAccepted)]
    chosen = next((event for event in accepted if order in (None, event.order_id)), None)
    followed = Followed(command, placing, before, applied.code, chosen)
    if chosen is not None:
        _Follower(followed, chosen, engine).run(events, following)
    return followed


class _Follower:
    """Takes events as they come."""

    def __init__(self, followed: Followed, order: _core.OrderAccepted, engine: Engine) -> None:
        self._followed = followed
        self._order = order
        self._engine = engine
        self._ahead: dict[int, int] | None = None
        """Orders that stand before it, and how much of each is left; None while it does not rest."""
        self._trades: set[int] = set()
        self._done = False
        self._moved = False
        """It has come to another place, or has only begun to rest."""

    def run(self, events: list[Event], following: Iterable[Command]) -> None:
        self._take(events)
        self._look(self._followed.command)
        waiting: list[Command] = []
        for count, command in enumerate(following):
            if self._done:
                return
            if count == MOST_COMMANDS:
                self._followed.cut = True
                break
            own = command.kind in OF_ONE_ACCOUNT and command.account == self._order.account
            if own and waiting:
                self._apply(waiting)
                waiting = []
            waiting.append(command)
            if own or len(waiting) == STRETCH:
                self._apply(waiting)
                waiting = []
        if waiting and not self._done:
            self._apply(waiting)

    def _apply(self, waiting: list[Command]) -> None:
        """Applies a stretch at once; where it is about the order, all of its events are looked at."""
        _, encoded = self._engine.apply_batch(b"".join(map(record_of, waiting)))
        if not any(self._concerns(event) for event in _core.decode_events(encoded, FOLLOWED)):
            self._move(_core.decode_events(encoded, FOLLOWED | kinds_of(_core.CommandApplied)))
            return
        self._take(_core.decode_events(encoded))
        if not self._done and self._moved:
            self._look(waiting[-1])

    def _concerns(self, event: Event) -> bool:
        number = self._order.order_id
        if isinstance(event, _core.TradeExecuted | _core.ConvertedTradeExecuted):
            return number in (event.maker_order, event.taker_order)
        return getattr(event, "order_id", 0) == number

    def _take(self, events: Iterable[Event]) -> None:
        """All events of a stretch that is about the order."""
        number, account = self._order.order_id, self._order.account
        seq = time = 0
        for event in events:
            if isinstance(event, _core.CommandApplied):
                self._noted(seq, time)
                seq, time = event.seq, event.time
                continue
            if isinstance(event, _core.BalanceChanged):
                of_trade = event.business == Business.TRADE and event.reference in self._trades
                of_order = event.business in (Business.HOLD, Business.RELEASE) and event.reference == number
                if event.account == account and (of_trade or of_order):
                    self._followed.events.append(OrderEvent(seq, time, event))
                continue
            if self._concerns(event):
                self._followed.events.append(OrderEvent(seq, time, event))
                if isinstance(event, _core.TradeExecuted | _core.ConvertedTradeExecuted):
                    self._trades.add(event.trade_id)
                if isinstance(event, _core.OrderDone):
                    self._done = True
                if isinstance(event, _core.StopTriggered) or (isinstance(event, _core.OrderReplaced) and not event.kept_priority):
                    self._moved, self._ahead = True, None
            self._queue(event)
        self._noted(seq, time)

    def _move(self, events: Iterable[Event]) -> None:
        """Events of a stretch in which only others moved."""
        seq = time = 0
        for event in events:
            if isinstance(event, _core.CommandApplied):
                self._noted(seq, time)
                seq, time = event.seq, event.time
            else:
                self._queue(event)
        self._noted(seq, time)

    def _queue(self, event: Event) -> None:
        """What an event does to those that stand before the order."""
        ahead = self._ahead
        if ahead is None:
            return
        if isinstance(event, _core.TradeExecuted | _core.ConvertedTradeExecuted):
            if event.maker_order in ahead:
                ahead[event.maker_order] = event.maker_remaining
        elif isinstance(event, _core.OrderDone):
            ahead.pop(event.order_id, None)
        elif isinstance(event, _core.OrderReplaced) and event.order_id in ahead:
            if event.kept_priority:
                ahead[event.order_id] = event.remaining
            else:
                del ahead[event.order_id]

    def _noted(self, seq: int, time: int) -> None:
        """Where it stands after a command."""
        if self._ahead is None or self._done or not seq:
            return
        place = Place(seq, time, len(self._ahead), sum(self._ahead.values()))
        last = self._followed.places[-1] if self._followed.places else None
        if last is None or (last.orders, last.amount) != (place.orders, place.amount):
            self._followed.places.append(place)

    def _look(self, command: Command) -> None:
        """Who stands before it now, when it rests."""
        self._moved = False
        own = self._engine.order(self._order.order_id)
        if own is None or own.waiting or own.type not in (OrderType.LIMIT, OrderType.STOP_LIMIT):
            self._ahead = None
            return
        self._ahead = {
            order.order_id: order.remaining
            for account in range(self._engine.accounts)
            for order in self._engine.open_orders(account, own.market)
            if order.order_id != own.order_id and order.side == own.side and order.price == own.price and not order.waiting
        }
        self._noted(command.seq, command.time)
