"""The W10k command stream and its variants: one deterministic workload for every matching engine, so that figures compare.

splitmix64 from state 42; half of the commands add passive orders, two fifths cancel, a tenth adds marketable ones. The marketable prices
and the cancels depend on the book, so the stream is made by running it through the core; its SHA-256 and what it adds up to are known, and
a core that gives other numbers is wrong, however fast.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from dataclasses import dataclass

from cambist import _core

MID = 100_000
FIRST_USER = _core.FIRST_USER_ACCOUNT
MARKET, BASE, QUOTE = 0, 0, 1
ADD, CANCEL = 0, 1

_RECORD = struct.Struct("<BBHIII")  # op, side, account, price, amount, id: the published form
_HEAD = struct.Struct("<IBBHQ")  # length, kind, zero, length of meta, time
_PLACE = struct.Struct("<IHBBBBBQQQQ16x16x")
_CANCEL = struct.Struct("<IQ")
_PLACE_KIND, _CANCEL_KIND = 10, 11
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Check:
    """What a run of a stream adds up to."""

    trades: int
    volume: int
    notional: int
    live: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything that shapes a stream."""

    accounts: int
    prefill: int
    timed: int
    expected: Check | None = None
    digest: str = ""


W10K = Shape(
    1_000,
    10_000,
    1_000_000,
    Check(193_894, 4_949_041, 494_776_765_345, 13_704),
    "4b4346216e624547ab74f5ab0f5e8555b80023fc04ff5dc8a5854d2d773943a7",
)


@dataclass(frozen=True, slots=True)
class Stream:
    """A made stream: all commands as 16-byte records, the first `shape.prefill` of them untimed."""

    shape: Shape
    records: bytes
    check: Check

    def rows(self) -> list[tuple[int, int, int, int, int, int]]:
        """(op, side, account, price, amount, id) of each command, accounts counted from 0; of a cancel the account too."""
        rows: list[tuple[int, int, int, int, int, int]] = []
        owners = array("H", [0])
        for op, side, account, price, amount, order_id in _RECORD.iter_unpack(self.records):
            if op == ADD:
                owners.append(account)
            rows.append((op, side, owners[order_id], price, amount, order_id))
        return rows


class WrongNumbers(Exception):
    """The core did not do what the stream's definition says."""


def funded_engine(accounts: int) -> _core.Engine:
    """A core with one market of integer ticks and lots, 0.2 % fees, and more than enough money everywhere. Its outboxes are full."""
    engine = _core.Engine()
    engine.create_asset(0, "BTC", 8, 8)
    engine.create_asset(0, "USD", 8, 8)
    made = engine.create_market(0, BASE, QUOTE, 0, 0, 1, 1, 1 << 30, 1, 1 << 30, 0, 2_000, 2_000)
    if made.code:
        raise WrongNumbers(f"the market was refused with {made.code}")
    engine.set_max_open_orders(0, 0xFFFFFFFF)
    transfer_id = 0
    for number in range(accounts):
        engine.open_account(0)
        for asset in (BASE, QUOTE):
            transfer_id += 1
            engine.transfer(0, transfer_id, _core.WORLD, FIRST_USER + number, asset, 1, 0, 1 << 80)
    return engine


class _Live:
    """Ids of live orders in the stream's own order: pushed when they rest, swap-removed when they end."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._places: dict[int, int] = {}

    def push(self, order_id: int) -> None:
        self._places[order_id] = len(self.ids)
        self.ids.append(order_id)

    def remove(self, order_id: int) -> None:
        place = self._places.pop(order_id, None)
        if place is None:  # a taker that was filled at once never rested
            return
        last = self.ids.pop()
        if last != order_id:
            self.ids[place] = last
            self._places[last] = place


class _Maker:
    """Draws the commands and runs each through a core to know what the next one may be."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._state = 42
        self._mid = MID
        self._engine = funded_engine(shape.accounts)
        self._engine.take_events()
        self._live = _Live()
        self._placed: list[tuple[int, int, int]] = [(0, 0, 0)]  # account, side, price by order id
        self._trades = self._volume = self._notional = 0
        self._out = bytearray()

    def _below(self, n: int) -> int:
        self._state = s = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = ((s ^ (s >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return (((z ^ (z >> 31)) >> 32) * n) >> 32

    def make(self) -> Stream:
        for _ in range(self._shape.prefill):
            self._passive()
        for number in range(self._shape.timed):
            if number and number % 256 == 0:
                self._mid = min(max(self._mid + self._below(3) - 1, 90_000), 110_000)
            kind = self._below(100)
            if kind < 50 or (kind < 90 and not self._live.ids):
                self._passive()
            elif kind < 90:
                self._cancel()
            else:
                self._marketable()
            if number % 4096 == 0:
                self._engine.take_commands()
        check = Check(self._trades, self._volume, self._notional, self._engine.live_orders(MARKET))
        return Stream(self._shape, bytes(self._out), check)

    def _passive(self) -> None:
        account, side = self._below(self._shape.accounts), self._below(2)
        offset, amount = 1 + self._below(50), 1 + self._below(100)
        self._add(account, side, self._mid + offset if side else self._mid - offset, amount)

    def _marketable(self) -> None:
        account, side = self._below(self._shape.accounts), self._below(2)
        amount = 1 + self._below(100)
        bid, ask = self._engine.best(MARKET)
        self._add(account, side, (bid or self._mid) - 5 if side else (ask or self._mid) + 5, amount)

    def _add(self, account: int, side: int, price: int, amount: int) -> None:
        outcome = self._engine.place_order(0, FIRST_USER + account, MARKET, side, 0, 0, 0, 0, price, amount)
        if outcome.code:
            raise WrongNumbers(f"an order was refused with {outcome.code}")
        self._placed.append((account, side, price))
        self._out += _RECORD.pack(ADD, side, account, price, amount, outcome.id)
        events = self._engine.take_events()
        if outcome.count:
            self._follow(events)
        if outcome.status == 1:
            self._live.push(outcome.id)

    def _follow(self, events: bytes) -> None:
        for event in _core.decode_events(events):
            if isinstance(event, _core.TradeExecuted):
                self._trades += 1
                self._volume += event.amount
                self._notional += event.price * event.amount
            elif isinstance(event, _core.OrderDone):
                self._live.remove(event.order_id)

    def _cancel(self) -> None:
        live = self._live
        order_id = live.ids[self._below(len(live.ids))]
        account, side, price = self._placed[order_id]
        if self._engine.cancel_order(0, FIRST_USER + account, order_id).code:
            raise WrongNumbers(f"order {order_id} could not be cancelled")
        live.remove(order_id)
        self._engine.take_events()
        self._out += _RECORD.pack(CANCEL, side, 0, price, 0, order_id)  # as published: side and price of the order, no account


def make(shape: Shape) -> Stream:
    """The stream of a shape. WrongNumbers when the core, which it is made with, does not arrive at the published figures."""
    stream = _Maker(shape).make()
    if shape.expected is not None and stream.check != shape.expected:
        raise WrongNumbers(f"{stream.check} instead of {shape.expected}")
    if shape.digest and hashlib.sha256(stream.records).hexdigest() != shape.digest:
        raise WrongNumbers("the stream's SHA-256 is not the published one")
    return stream


@dataclass(slots=True)
class CommandRun:
    """A stream as the core's command records. `cancels` are the places of the order ids that cancels name, in `data`."""

    data: bytearray
    ends: array[int]
    cancels: array[int]

    @property
    def commands(self) -> int:
        return len(self.ends) - 1

    def part(self, first: int, last: int) -> bytes:
        """Records of commands `first` up to, not including, `last`."""
        return bytes(memoryview(self.data)[self.ends[first] : self.ends[last]])


def encode(stream: Stream, time: int = 0, metas: list[bytes] | None = None) -> CommandRun:
    """The records; every command at `time`, with `metas[account]` beside it when given."""
    data, ends, cancels = bytearray(), array("Q", [0]), array("Q")
    for op, side, account, price, amount, order_id in stream.rows():
        meta = metas[account] if metas is not None else b""
        if op == ADD:
            data += _HEAD.pack(_HEAD.size + _PLACE.size + len(meta), _PLACE_KIND, 0, len(meta), time)
            data += _PLACE.pack(FIRST_USER + account, MARKET, side, 0, 0, 0, 0, price, amount, 0, 0)
        else:
            data += _HEAD.pack(_HEAD.size + _CANCEL.size + len(meta), _CANCEL_KIND, 0, len(meta), time)
            cancels.append(len(data) + 4)
            data += _CANCEL.pack(FIRST_USER + account, order_id)
        data += meta
        ends.append(len(data))
    return CommandRun(data, ends, cancels)
