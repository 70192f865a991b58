"""What an order went through, made again from history: what private streams told of it, command by command.

History keeps how an order stands, its trades, what it asked for before it was replaced, and the ledger entries that its commands made.
When it was triggered and when it ended follows from these. A trigger that follows the price is that of now throughout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import msgspec

from cambist.account_streams.orders import OrderStep, OrderTrade, TrackedOrder
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderFlag, OrderType
from cambist.domain.trades import Appearance
from cambist.domain.units import AccountId, MarketId
from cambist.history.records import Fill, Order, OrderTerms

STOP_TYPES = (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)


class Change(Enum):
    """What an event did to an order."""

    ACCEPTED = auto()
    TRIGGERED = auto()
    TRADED = auto()
    ALTERED = auto()
    """Replaced, or its trigger moved."""
    DONE = auto()


class PastTrade(msgspec.Struct, frozen=True, gc=False):
    """A trade of history as the event was that told of it."""

    trade_id: int
    time: int
    market: MarketId
    taker_side: int
    taker_market: bool
    maker_account: AccountId
    taker_account: AccountId
    maker_order: int
    taker_order: int
    price: int
    amount: int
    total: int
    maker_fee: int
    taker_fee: int
    appearance: Appearance

    @staticmethod
    def of(fill: Fill) -> PastTrade:
        return PastTrade(
            trade_id=fill.id,
            time=fill.time,
            market=fill.market,
            taker_side=fill.taker_side,
            taker_market=fill.taker_market,
            maker_account=fill.maker_account,
            taker_account=fill.taker_account,
            maker_order=fill.maker_order,
            taker_order=fill.taker_order,
            price=fill.price,
            amount=fill.amount,
            total=fill.total,
            maker_fee=fill.maker_fee,
            taker_fee=fill.taker_fee,
            appearance=Appearance(fill.appearance),
        )


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """One event: the order as it is after it; `trade` of a trade."""

    change: Change
    order: TrackedOrder
    trade: PastTrade | None = None


@dataclass(frozen=True, slots=True)
class LifeCommand:
    """What one command did to the order. `seq` is 0 where history does not tell it, `time` µs."""

    seq: int
    time: int
    events: tuple[LifeEvent, ...]

    @property
    def step(self) -> OrderStep:
        """The same as order feeds tell it."""
        trades: tuple[OrderTrade, ...] = tuple(event.trade for event in self.events if event.trade is not None)
        accepted = self.events[0].change is Change.ACCEPTED
        return OrderStep(self.seq, self.time, self.events[-1].order, accepted, trades)


@dataclass(frozen=True, slots=True)
class Moments:
    """When an order was triggered and when it ended: the commands' seqs, 0 for what did not happen and what is not known. `times` (µs) are
    those of commands in which it traded, by seq; a trade's own time may be later, as no two trades have the same."""

    triggered: int
    ended: int
    times: Mapping[int, int]


def life_of(
    order: Order, fills: Sequence[Fill], moments: Moments, replacements: Sequence[OrderTerms] = (), *, whole: bool = True
) -> tuple[LifeCommand, ...]:
    """The commands that did something to an order, oldest first: `order` with what it asked for at first, `replacements` oldest first.
    `fills` are its trades from the first one on, oldest first; when these are not all (`whole` is false), the life ends with them."""
    if not whole:
        replacements = [terms for terms in replacements if terms.seq <= fills[-1].seq]
    return tuple(_commands(order, fills, moments, list(replacements), whole))


def _commands(order: Order, fills: Sequence[Fill], moments: Moments, replacements: list[OrderTerms], whole: bool) -> Iterator[LifeCommand]:
    state = _placed(order)
    at_once = [fill for fill in fills if fill.seq == order.seq]
    later = list(fills[len(at_once) :])
    triggered_at_once = bool(order.triggered) and moments.triggered == order.seq
    ended_at_once = bool(order.reason) and moments.ended == order.seq
    events = [LifeEvent(Change.ACCEPTED, state)]
    if triggered_at_once:
        events += _triggered(events[-1].order, order.created)
    events += _trades(events[-1].order, at_once, order.created)
    if ended_at_once and whole:
        events.append(_ended(events[-1].order, order, order.created))
    yield LifeCommand(order.seq, order.created, tuple(events))
    state = events[-1].order
    pending_trigger = bool(order.triggered) and not triggered_at_once
    done = not order.reason or ended_at_once or not whole
    while later or pending_trigger or replacements:
        replacing = _comes_next(replacements, order.triggered if pending_trigger else 0, later)
        triggering = pending_trigger and not replacing
        seq = replacements[0].seq if replacing else moments.triggered if triggering else later[0].seq
        of_command = [fill for fill in later if fill.seq == seq] if seq else []
        later = later[len(of_command) :]
        if replacing:
            time = replacements[0].time
            events = [_replaced(state, replacements.pop(0))]
        else:
            time = order.triggered if triggering else moments.times.get(seq, of_command[0].time)
            events = _triggered(state, time) if triggering else []
        pending_trigger = pending_trigger and not triggering
        events += _trades(events[-1].order if events else state, of_command, time)
        state = events[-1].order
        if not done and not later and not replacements and seq and seq == moments.ended:
            events.append(_ended(state, order, time))
            done, state = True, events[-1].order
        yield LifeCommand(seq, time, tuple(events))
    if not done:
        yield LifeCommand(moments.ended, order.updated, (_ended(state, order, order.updated),))


def _comes_next(replacements: Sequence[OrderTerms], triggered: int, later: Sequence[Fill]) -> bool:
    """Whether the next thing that happens is a replacement. `triggered`: when the order will be triggered, 0 for what is over or never was:
    while it waits it trades nothing."""
    if not replacements:
        return False
    if triggered:
        return replacements[0].time <= triggered
    return not later or replacements[0].seq <= later[0].seq


def _replaced(state: TrackedOrder, terms: OrderTerms) -> LifeEvent:
    """A trigger that follows the price stays: what a replacement says of it is where it stood then."""
    now = msgspec.structs.replace(state, price=terms.price, amount=terms.amount, updated=terms.time)
    trails = state.flags & (OrderFlag.TRAILS_BY_PRICE | OrderFlag.TRAILS_BY_PPM)
    return LifeEvent(Change.ALTERED, now if trails else msgspec.structs.replace(now, stop_price=terms.stop_price))


def _placed(order: Order) -> TrackedOrder:
    return TrackedOrder(
        id=order.id,
        account=order.account,
        market=order.market,
        side=order.side,
        type=order.type,
        price=order.price,
        amount=order.amount,
        funds=order.funds,
        stop_price=order.stop_price,
        client_id=order.client_id,
        maker_ppm=order.maker_ppm,
        taker_ppm=order.taker_ppm,
        filled=0,
        total=0,
        fee=0,
        reason=0,
        waiting=order.type in STOP_TYPES,
        created=order.created,
        updated=order.created,
        done=0,
        meta=Meta(tag=order.tag).encode(),
        tif=order.tif,
        expire_at=order.expire_at,
        flags=order.flags,
    )


def _triggered(state: TrackedOrder, time: int) -> list[LifeEvent]:
    return [LifeEvent(Change.TRIGGERED, msgspec.structs.replace(state, waiting=False, updated=time))]


def _trades(state: TrackedOrder, fills: Sequence[Fill], time: int) -> list[LifeEvent]:
    events = []
    for fill in fills:
        state = msgspec.structs.replace(
            state, filled=state.filled + fill.amount, total=state.total + fill.total, fee=state.fee + fill.fee, updated=time
        )
        events.append(LifeEvent(Change.TRADED, state, PastTrade.of(fill)))
    return events


def _ended(state: TrackedOrder, order: Order, time: int) -> LifeEvent:
    return LifeEvent(Change.DONE, msgspec.structs.replace(state, reason=order.reason, done=time, waiting=False))
