"""One order from its request to its end: what was asked, checked, held, where it stood, what it traded, what its owner was sent."""

from __future__ import annotations  # the native types are names of the stub only

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cambist import _core
from cambist.dialect_kit.reply_reading import ReplyReader
from cambist.domain.orders import DoneReason, OrderFlag, OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import Business
from cambist.sandbox.report.evidence import Names
from cambist.sandbox.report.replay import ReplaySource
from cambist.sandbox.report.requests import Requests, came
from cambist.sandbox.request_log import Exchange, Record
from cambist.sandbox.timeline_checks import OrderCheck, checks_of
from cambist.sandbox.timeline_replay import Followed, OrderEvent, Place, follow, seq_of_order

REJECTED = "seq-"
"""How a command that placed nothing is named: by its seq."""
MOST_PLACES, MOST_MESSAGES, MOST_TEXT = 200, 50, 2_000
"""Places in the queue and messages that are shown, and characters of a message."""


class OrderUnknown(Exception):
    """There is no such order; the text says so."""


class TimelineRequest(msgspec.Struct, frozen=True):
    """A request, or a message on a socket, without secrets."""

    number: int
    """Of the request log."""
    time: int
    """When it came or was sent, µs by the sandbox's clock."""
    dialect: str
    """Which API."""
    what: str
    """Method and path of a request; `sent` or `received` of a socket's message, and the socket's number."""
    body: str
    """Of a request what was sent in its query and body; of a message all of it. At most 2,000 characters."""
    outcome: str
    """Of a request: its status and what became of the reply; empty for a message."""
    reply: str
    """The reply's content; empty for a message. At most 2,000 characters."""
    faults: list[str]
    """Ids of faults that touched it."""


class TimelineEvent(msgspec.Struct, frozen=True):
    """Something that happened to the order."""

    seq: int
    """The command that did it."""
    time: int
    """That command's time, µs."""
    what: str
    """`accepted`, `traded`, `triggered`, `trailed`, `changed`, `filled`, `cancelled`, `expired`, or another end."""
    words: str
    """The same as a sentence, with its numbers."""
    request: int | None
    """The request of this account that did it; null when somebody else did, or the clock, or when it is not known."""


class TimelineFill(msgspec.Struct, frozen=True):
    """A trade of the order's. Decimal texts."""

    trade: int
    """The trade's number."""
    time: int
    """µs."""
    price: str
    """Quote for one unit of base."""
    amount: str
    """Of base."""
    total: str
    """Of quote."""
    fee: str
    """Of what the order received: base for a buy, quote for a sell."""
    role: str
    """`maker` or `taker`."""


class TimelineEntry(msgspec.Struct, frozen=True):
    """A ledger entry of the order's account. Decimal texts."""

    entry: int
    """Its number."""
    seq: int
    """The command that made it."""
    time: int
    """µs."""
    asset: str
    """Its code."""
    why: str
    """`hold`, `release` or `trade`."""
    available: str
    """By how much what can be spent changed."""
    held: str
    """By how much what orders hold changed."""


class QueuePlace(msgspec.Struct, frozen=True):
    """Where the order stood at its price after a command: whoever stood there earlier trades first."""

    seq: int
    """The command."""
    time: int
    """µs."""
    orders: int
    """Orders before it."""
    amount: str
    """What they had left, of base."""


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """One order, or one that was not taken."""

    order: int | None
    """The venue's number; null when it was not taken."""
    names: dict[str, str]
    """What each API calls it."""
    seq: int
    """The command that placed it, or would have."""
    time: int
    """That command's time, µs by the sandbox's clock."""
    user: str
    """Whose it is: a name, or `@17`."""
    summary: str
    """The order in words."""
    state: str
    """`open`, `rejected`, or how it ended."""
    filled: str
    """How much of it was traded by now, of base."""
    request: TimelineRequest | None
    """What placed it; null when it is not in the log."""
    checks: list[OrderCheck]
    """What the core checked, in its order."""
    events: list[TimelineEvent]
    """What happened to it, in order."""
    queue: list[QueuePlace]
    """Where it stood, each time that changed; of many two hundred, spread over its life."""
    fills: list[TimelineFill]
    """Its trades."""
    ledger: list[TimelineEntry]
    """What its account held, released, paid and received for it."""
    sent: list[TimelineRequest]
    """Replies and messages that named it to its owner, the first fifty."""
    faults: list[str]
    """Ids of all faults that touched it or what was said of it."""
    cut: bool
    """It lives on, and the journal is too long to go through all of it."""


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """What a timeline is made of. `users`: names by account; `records` None: there is no request log."""

    replay: ReplaySource
    users: Mapping[int, str]
    records: Sequence[Record] | None
    readers: Mapping[str, ReplyReader]


def timeline(source: TimelineSource, asked: str) -> Timeline:
    """`asked`: the venue's number, an API's id (`btse:` and the id, where two APIs could mean it), or `seq-` and the command's seq.

    OrderUnknown; JournalDamaged, JournalError.
    """
    if asked.startswith(REJECTED) and asked[len(REJECTED) :].isdecimal():
        followed = follow(source.replay, int(asked[len(REJECTED) :]))
        if followed is None:
            raise OrderUnknown(f"command {asked[len(REJECTED) :]} placed no order")
        return _Written(source, followed).timeline()
    for number in _numbers(source.readers, asked):
        seq = seq_of_order(source.replay, number)
        followed = None if seq is None else follow(source.replay, seq, number)
        if followed is not None:
            return _Written(source, followed).timeline()
    raise OrderUnknown(f"there is no order {asked}")


def _numbers(readers: Mapping[str, ReplyReader], asked: str) -> Iterator[int]:
    """The venue's numbers that may be meant, the likeliest first."""
    dialect, between, text = asked.partition(":")
    if between and dialect in readers:
        number = readers[dialect].order_number(text)
        if number is not None and number > 0:
            yield number
        return
    if asked.isascii() and asked.isdecimal() and len(asked) < 20:
        yield int(asked)
    for reader in readers.values():
        number = reader.order_number(asked)
        if number is not None and number > 0:
            yield number


class _Written:
    """Writes down what was followed."""

    def __init__(self, source: TimelineSource, followed: Followed) -> None:
        self._source = source
        self._followed = followed
        self._names = Names.of(followed.before)
        self._placing = followed.placing
        account = self._placing.account
        self._requests = None if source.records is None else Requests(source.records, account, source.readers)

    def timeline(self) -> Timeline:
        followed, placing = self._followed, self._placing
        number = followed.order.order_id if followed.order is not None else None
        placed = self._requests.of_seq(followed.command.seq) if self._requests is not None else None
        sent = self._sent(number) if number is not None else []
        fills = list(self._fills())
        filled = sum(self._parts(each)[1] for each in followed.events if _is_trade(each))
        touched = [fault for record in ([placed] if placed is not None else []) + sent + self._changing() for fault in record.faults]
        return Timeline(
            order=number,
            names={} if number is None else {dialect: reader.order_text(number) for dialect, reader in self._source.readers.items()},
            seq=followed.command.seq,
            time=followed.command.time,
            user=self._source.users.get(placing.account, f"@{placing.account}"),
            summary=self._summary(),
            state=self._state(),
            filled=self._amount(filled),
            request=None if placed is None else _request(placed),
            checks=checks_of(placing, followed.code, followed.before, self._names, followed.command.time),
            events=list(self._events()),
            queue=[QueuePlace(each.seq, each.time, each.orders, self._amount(each.amount)) for each in _thinned(followed.places)],
            fills=fills,
            ledger=list(self._ledger()),
            sent=[_request(record) for record in sent[:MOST_MESSAGES]],
            faults=list(dict.fromkeys(touched)),
            cut=followed.cut,
        )

    # --- words --------------------------------------------------------------------------------------------------------------

    def _summary(self) -> str:
        placing, names = self._placing, self._names
        if placing.market >= len(names.markets):
            return f"an order in market {placing.market}, which there is not"
        spec = names.markets[placing.market]
        side = "buy" if placing.side == Side.BUY else "sell"
        what = (
            f"for {names.atoms(spec.quote, placing.funds)} {names.assets[spec.quote].code}"
            if placing.funds
            else self._amount(placing.amount)
        )
        price = f"at {names.price(placing.market, placing.price)}" if placing.price else "at market"
        words = [side, what, price, "in", names.market(placing.market)]
        if placing.stop_price:
            words.append(f"once the price reaches {names.price(placing.market, placing.stop_price)}")
        if placing.flags & OrderFlag.POST_ONLY:
            words.append("post-only")
        if placing.tif in (TimeInForce.IOC, TimeInForce.FOK) and placing.type not in (OrderType.MARKET,):
            words.append("at once or not at all" if placing.tif == TimeInForce.FOK else "at once, the rest dropped")
        return " ".join(words)

    def _amount(self, units: int) -> str:
        if self._placing.market >= len(self._names.markets):
            return str(units)
        return self._names.amount(self._placing.market, units)

    def _price(self, units: int) -> str:
        return self._names.price(self._placing.market, units)

    def _state(self) -> str:
        if self._followed.order is None:
            return "rejected"
        done = [each.event for each in self._followed.events if isinstance(each.event, _core.OrderDone)]
        return _word(done[-1].reason) if done else "open"

    # --- lists ----------------------------------------------------------------------------------------------------------------

    def _events(self) -> Iterator[TimelineEvent]:
        command = self._followed.command
        if self._followed.order is None:
            code = RejectReason(self._followed.code).name.lower().replace("_", "-")
            yield self._event(command.seq, command.time, "rejected", f"The core rejected it: {code}.")
            return
        yield self._event(command.seq, command.time, "accepted", f"The core took it as order {self._followed.order.order_id}.")
        for each in self._followed.events:
            described = self._described(each)
            if described is not None:
                yield self._event(each.seq, each.time, *described)

    def _event(self, seq: int, time: int, what: str, words: str) -> TimelineEvent:
        record = self._requests.of_seq(seq) if self._requests is not None else None
        return TimelineEvent(seq, time, what, words, None if record is None else record.number)

    def _described(self, order_event: OrderEvent) -> tuple[str, str] | None:
        event = order_event.event
        match event:
            case _core.TradeExecuted() | _core.ConvertedTradeExecuted():
                price, amount, _total, _fee, maker = self._parts(order_event)
                role = "as maker" if maker else "as taker"
                return "traded", f"It traded {self._amount(amount)} at {self._price(price)} {role}."
            case _core.OrderDone():
                word = _word(event.reason)
                return word, f"It ended: {word}; {self._amount(event.filled)} of it were filled."
            case _core.OrderReplaced():
                place = "kept its place" if event.kept_priority else "went to the end of the queue"
                return "changed", f"It is now for {self._amount(event.amount)} at {self._price(event.price)}, and {place}."
            case _core.StopTriggered():
                return "triggered", f"The last price, {self._price(event.last_price)}, triggered it."
            case _core.StopTrailed():
                return "trailed", f"Its trigger is now {self._price(event.stop_price)}."
            case _:
                return None

    def _parts(self, order_event: OrderEvent) -> tuple[int, int, int, int, bool]:
        """(price, amount, total, fee, whether as maker) of a trade, as the order sees it."""
        event = order_event.event
        assert self._followed.order is not None
        assert isinstance(event, _core.TradeExecuted | _core.ConvertedTradeExecuted)
        maker = event.maker_order == self._followed.order.order_id
        if isinstance(event, _core.ConvertedTradeExecuted):
            event = event.as_maker() if maker else event.as_taker()
        return event.price, event.amount, event.total, event.maker_fee if maker else event.taker_fee, maker

    def _fills(self) -> Iterator[TimelineFill]:
        spec = self._names.markets[self._placing.market] if self._placing.market < len(self._names.markets) else None
        for each in filter(_is_trade, self._followed.events):
            assert spec is not None
            price, amount, total, fee, maker = self._parts(each)
            received = spec.base if self._placing.side == Side.BUY else spec.quote
            yield TimelineFill(
                each.event.trade_id,  # type: ignore[union-attr]
                each.event.time,  # type: ignore[union-attr]
                self._price(price),
                _core.format_units(amount, spec.amount_scale),
                self._names.atoms(spec.quote, total),
                self._names.atoms(received, fee),
                "maker" if maker else "taker",
            )

    def _ledger(self) -> Iterator[TimelineEntry]:
        for each in self._followed.events:
            event = each.event
            if isinstance(event, _core.BalanceChanged):
                available, held = (self._names.atoms(event.asset, change) for change in (event.change_available, event.change_held))
                code = self._names.assets[event.asset].code
                why = Business(event.business).name.lower()
                yield TimelineEntry(event.entry_id, each.seq, each.time, code, why, available, held)

    def _sent(self, order: int) -> list[Record]:
        """What named the order to its owner, in order."""
        if self._requests is None:
            return []
        found = []
        for record in self._requests.all:
            reader = self._source.readers.get(record.dialect)
            content = record.reply if isinstance(record, Exchange) else record.data
            if reader is not None and came(record) and reader.order_text(order).encode() in content:
                found.append(record)
        return found

    def _changing(self) -> list[Record]:
        """The owner's requests that did something to the order."""
        if self._requests is None:
            return []
        found = [self._requests.of_seq(each.seq) for each in self._followed.events]
        return [record for record in dict.fromkeys(found) if record is not None]


def _is_trade(order_event: OrderEvent) -> bool:
    return isinstance(order_event.event, _core.TradeExecuted | _core.ConvertedTradeExecuted)


def _word(reason: int) -> str:
    return DoneReason(reason).name.lower().replace("_", "-")


def _thinned(places: Sequence[Place]) -> list[Place]:
    """Of many a number that can be read; the first and the last are there."""
    if len(places) <= MOST_PLACES:
        return list(places)
    return [places[number * (len(places) - 1) // (MOST_PLACES - 1)] for number in range(MOST_PLACES)]


def _request(record: Record) -> TimelineRequest:
    if isinstance(record, Exchange):
        asked = b" ".join(part for part in (record.query, record.body) if part)
        outcome = f"{record.status} {record.outcome}" if record.status else record.outcome
        what = f"{record.method} {record.path}"
        return TimelineRequest(
            record.number, record.time, record.dialect, what, _text(asked), outcome, _text(record.reply), list(record.faults)
        )
    what = f"{record.direction} on socket {record.socket}"
    return TimelineRequest(record.number, record.time, record.dialect, what, _text(record.data), "", "", list(record.faults))


def _text(content: bytes) -> str:
    return content[:MOST_TEXT].decode("utf-8", "replace")
