"""What each account did and what became of it, folded from the journal: orders, rejections, fills, money in and out, and its worth."""

from __future__ import annotations  # the native types are names of the stub only

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from cambist import _core
from cambist.domain.commands import CommandKind
from cambist.domain.events import kinds_of
from cambist.domain.meta import Meta
from cambist.domain.transfers import Business
from cambist.sandbox.report.placing import PLACING, Placing
from cambist.sandbox.report.replay import ORDERS_AND_TRADES, Command, ReplaySource, replay
from cambist.sandbox.report.valuation import mids_of

if TYPE_CHECKING:
    from cambist._core import Engine, Event

MOST_SAMPLES = 800
"""Of prices and balances, over the whole run; when there are more, every second one goes."""


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade as one order saw it; units of the market, totals and fees in atoms. `bid`, `ask`: before the command that took it; 0 where
    the side was empty, and both 0 of a maker's fill."""

    trade_id: int
    time: int
    seq: int
    price: int
    amount: int
    total: int
    fee: int
    maker: bool
    bid: int = 0
    ask: int = 0


@dataclass(slots=True)
class OrderRecord:
    """One order over its life. `bid`, `ask` as the book was right before it. `reason` 0: it is live. `replaced`: seqs of its changes."""

    id: int
    account: int
    market: int
    side: int
    type: int
    tif: int
    flags: int
    price: int
    amount: int
    funds: int
    stop_price: int
    expire_at: int
    client_id: int
    tag: str
    seq: int
    created: int
    bid: int
    ask: int
    first_price: int = 0
    first_amount: int = 0
    """As it was placed; `price` and `amount` follow when it is changed."""
    filled: int = 0
    fills: list[Fill] = field(default_factory=list)
    reason: int = 0
    ended_seq: int = 0
    triggered: int = 0
    replaced: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A command that the core rejected. `market`, `price`, `amount` are 0 where it named none; `order` is the one it was about, or 0."""

    seq: int
    time: int
    kind: int
    code: int
    market: int = 0
    side: int = 0
    type: int = 0
    price: int = 0
    amount: int = 0
    order: int = 0

    @property
    def is_order(self) -> bool:
        """Whether it would have placed an order."""
        return self.kind in PLACING


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A cancel that was carried out, whether or not it found anything."""

    seq: int
    time: int
    orders: tuple[int, ...]
    """Those that it named; none: all."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that came to an account or left it other than by trades. `worth`: the prices at that moment."""

    seq: int
    time: int
    asset: int
    atoms: int
    mids: dict[int, Fraction]


@dataclass(frozen=True, slots=True)
class Sample:
    """Prices, and the accounts' balances (available and held together), at one moment."""

    seq: int
    time: int
    mids: dict[int, Fraction]
    balances: dict[int, dict[int, int]]


@dataclass(slots=True)
class AccountRecord:
    """What one account did. `began`: the moment of its first command, None when it gave none."""

    account: int
    orders: dict[int, OrderRecord] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    cancelled: list[Cancelled] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    began: Sample | None = None

    @property
    def fills(self) -> Iterable[tuple[OrderRecord, Fill]]:
        for order in self.orders.values():
            for fill in order.fills:
                yield order, fill


Balances = dict[int, tuple[int, int]]
"""By asset: available and held, atoms."""


@dataclass(slots=True)
class RunRecord:
    """The whole run: a record for each account, prices over time, and the core as it is in the end."""

    accounts: dict[int, AccountRecord]
    samples: list[Sample]
    engine: Engine
    marked: dict[int, dict[int, Balances]]
    """By seq and account."""


_ORDER = struct.Struct("<IQ")
_REPLACE = struct.Struct("<IQQQ")


def read_run(source: ReplaySource, accounts: Iterable[int], marks: Iterable[int] = ()) -> RunRecord:
    """Replays the journal and writes down what the accounts did, and their balances after each of the seqs in `marks`.

    JournalDamaged, JournalError.
    """
    fold = _Fold(accounts)
    engine = replay(source, fold.records.keys(), fold, ORDERS_AND_TRADES, marks)
    fold.sample(engine)
    return RunRecord(fold.records, fold.samples, engine, fold.marked)


class _Fold:
    """The watcher that writes it down."""

    def __init__(self, accounts: Iterable[int]) -> None:
        self.records = {account: AccountRecord(account) for account in accounts}
        self.samples: list[Sample] = []
        self.marked: dict[int, dict[int, Balances]] = {}
        self._orders: dict[int, OrderRecord] = {}
        self._every = 1
        self._skipped = 0
        self._best: dict[int, tuple[int, int]] = {}
        self._seq = self._time = 0

    def before(self, command: Command, engine: Engine) -> None:
        self._best = {int(spec.id): engine.best(spec.id) for spec in engine.markets()}
        record = self.records.get(command.account) if command.kind not in _MONEY_KINDS else None
        if record is not None and record.began is None:
            record.began = self._sample_of(engine, command.seq - 1, command.time)
            self._keep(record.began)

    def after(self, command: Command, events: list[Event], engine: Engine) -> None:
        self._seq, self._time = command.seq, command.time
        applied = events[0]
        assert isinstance(applied, _core.CommandApplied)
        meta = Meta.decode(command.meta)
        for event in events[1:]:
            if isinstance(event, _core.OrderAccepted):
                self._accepted(event, command, meta.tag)
            elif isinstance(event, _core.BalanceChanged):
                self._balance(event, engine)
            else:
                self._event(event, taken=True)
        record = self.records.get(command.account) if command.kind not in _MONEY_KINDS else None
        if record is not None:
            if applied.code:
                record.rejected.append(_rejected(command, applied.code))
            elif command.kind in _CANCELS:
                record.cancelled.append(Cancelled(command.seq, command.time, _named(command)))
            self._keep(self._sample_of(engine, command.seq, command.time))

    def others(self, events: bytes, kinds: int, engine: Engine) -> None:
        known = self._orders
        if known and any(_is_about(event, known) for event in _core.decode_events(events, kinds)):
            for event in _core.decode_events(events, kinds | kinds_of(_core.CommandApplied)):
                if isinstance(event, _core.CommandApplied):
                    self._seq, self._time = event.seq, event.time
                else:
                    self._event(event, taken=False)
        self.sample(engine)

    def marked_seq(self, seq: int, engine: Engine) -> None:
        self.marked[seq] = {account: balances_of(engine, account) for account in self.records}

    def sample(self, engine: Engine) -> None:
        """Of the moment that the core stands at."""
        if engine.seq:
            self._keep(self._sample_of(engine, engine.seq, engine.time))

    def _accepted(self, event: _core.OrderAccepted, command: Command, tag: str) -> None:
        record = self.records.get(event.account)
        if record is None:
            return
        bid, ask = self._best.get(event.market, (0, 0))
        order = OrderRecord(
            id=event.order_id,
            account=event.account,
            market=event.market,
            side=event.side,
            type=event.type,
            tif=event.tif,
            flags=event.flags,
            price=event.price,
            amount=event.amount,
            funds=event.funds,
            stop_price=event.stop_price,
            expire_at=event.expire_at,
            client_id=event.client_id,
            tag=tag,
            seq=command.seq,
            created=command.time,
            bid=bid,
            ask=ask,
            first_price=event.price,
            first_amount=event.amount,
        )
        record.orders[event.order_id] = self._orders[event.order_id] = order

    def _balance(self, event: _core.BalanceChanged, engine: Engine) -> None:
        record = self.records.get(event.account)
        if record is None:
            return
        change = event.change_available + event.change_held
        if event.business == Business.TRANSFER and change:
            record.flows.append(Flow(self._seq, self._time, event.asset, change, mids_of(engine)))

    def _event(self, event: Event, taken: bool) -> None:
        if isinstance(event, _core.TradeExecuted):
            self._trade(event, event, taken)
        elif isinstance(event, _core.ConvertedTradeExecuted):
            self._trade(event.as_taker(), event.as_maker(), taken)
        elif isinstance(event, _core.OrderDone):
            order = self._orders.get(event.order_id)
            if order is not None:
                order.reason, order.ended_seq, order.filled = event.reason, self._seq, event.filled
        elif isinstance(event, _core.OrderReplaced):
            order = self._orders.get(event.order_id)
            if order is not None:
                order.price, order.amount, order.stop_price = event.price, event.amount, event.stop_price
                order.replaced.append(self._seq)
        elif isinstance(event, _core.StopTriggered):
            order = self._orders.get(event.order_id)
            if order is not None:
                order.triggered = self._time

    def _trade(self, taker: _core.TradeExecuted, maker: _core.TradeExecuted, taken: bool) -> None:
        for event, order_id, fee, made in (
            (taker, taker.taker_order, taker.taker_fee, False),
            (maker, maker.maker_order, maker.maker_fee, True),
        ):
            order = self._orders.get(order_id)
            if order is None:
                continue
            bid, ask = self._best.get(event.market, (0, 0)) if taken and not made else (0, 0)
            order.filled += event.amount
            order.fills.append(Fill(event.trade_id, event.time, self._seq, event.price, event.amount, event.total, fee, made, bid, ask))

    def _sample_of(self, engine: Engine, seq: int, time: int) -> Sample:
        balances = {account: {asset: sum(both) for asset, both in balances_of(engine, account).items()} for account in self.records}
        return Sample(seq, time, mids_of(engine), balances)

    def _keep(self, sample: Sample) -> None:
        """Of many moments a number that can be drawn, spread over the whole run; the newest is always there."""
        if self.samples and self.samples[-1].seq >= sample.seq:
            return
        if self._skipped and self.samples:
            self.samples[-1] = sample
        else:
            self.samples.append(sample)
        self._skipped = (self._skipped + 1) % self._every
        if len(self.samples) > MOST_SAMPLES:
            del self.samples[1:-1:2]
            self._every *= 2


def _is_about(event: Event, orders: Mapping[int, OrderRecord]) -> bool:
    """Whether one of these orders traded in it, or is its subject."""
    if isinstance(event, _core.TradeExecuted | _core.ConvertedTradeExecuted):
        return event.maker_order in orders or event.taker_order in orders
    return getattr(event, "order_id", 0) in orders


def balances_of(engine: Engine, account: int) -> Balances:
    """What an account has, nothing while it is not there yet."""
    if account >= engine.accounts:
        return {}
    return {int(balance.asset): (balance.available, balance.held) for balance in engine.balances(account)}


_CANCELS = frozenset({CommandKind.CANCEL_ORDER, CommandKind.CANCEL_MANY, CommandKind.CANCEL_ALL})
_MONEY_KINDS = frozenset({CommandKind.TRANSFER, CommandKind.POST_TRANSFER, CommandKind.VOID_TRANSFER})


def _named(command: Command) -> tuple[int, ...]:
    if command.kind == CommandKind.CANCEL_ORDER:
        return (int(_ORDER.unpack_from(command.body)[1]),)
    if command.kind == CommandKind.CANCEL_MANY:
        count = int.from_bytes(command.body[4:6], "little")
        return struct.unpack_from(f"<{count}Q", command.body, 6)
    return ()


def _rejected(command: Command, code: int) -> Rejected:
    seq, time, kind, body = command.seq, command.time, command.kind, command.body
    placing = Placing.of(command)
    if placing is not None:
        return Rejected(seq, time, kind, code, placing.market, placing.side, placing.type, placing.price, placing.amount)
    if kind == CommandKind.REPLACE_ORDER:
        _, order, price, amount = _REPLACE.unpack_from(body)
        return Rejected(seq, time, kind, code, price=price, amount=amount, order=order)
    if kind == CommandKind.CANCEL_ORDER:
        return Rejected(seq, time, kind, code, order=int(_ORDER.unpack_from(body)[1]))
    return Rejected(seq, time, kind, code)
