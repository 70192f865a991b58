"""The read side as every database with SQL has it: the statements, and records from their answers.

A query answers with one row, a JSON text, decoded straight into records: fetching rows one by one costs a hand-over of the interpreter
lock each.
"""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text

from cambist.domain.backfill import Backfill
from cambist.domain.units import MarketId
from cambist.history import queries, schema
from cambist.history.candles import DAY, HOUR, MINUTE, base_interval, candle_start, fold_candles
from cambist.history.port import WHOLE, MarketPast, OrderFilter, Page, StoreReads, WantedCandles
from cambist.history.records import Balance, Candle, Fill, LedgerEntry, Note, Order, OrderTerms, Trade, Transfer, Volume
from cambist.postgresql.lines import Line

T = TypeVar("T")


MOST_PAST_ROWS = 20_000
"""After so many an answer about the pasts of many markets is given: it is in memory as a whole."""


def _decoder(kind: type[T]) -> "msgspec.json.Decoder[list[T]]":
    # Not strict: SQLite keeps numbers beyond 64 bits as text, and truths as numbers.
    return msgspec.json.Decoder(list[kind], strict=False)  # type: ignore[valid-type]


_ORDERS = _decoder(Order)
_TERMS = _decoder(OrderTerms)
_TRADES = _decoder(Trade)
_FILLS = _decoder(Fill)
_ENTRIES = _decoder(LedgerEntry)
_BALANCES = _decoder(Balance)
_TRANSFERS = _decoder(Transfer)
_CANDLES = _decoder(Candle)
_NOTES = _decoder(Note)
_BACKFILLS = _decoder(tuple[int, str, int, int, int, int, int, int])
_SOLD = _decoder(tuple[int, int, int, int])
_NUMBERS = _decoder(tuple[int])


class SqlReads(StoreReads):
    """The queries, over `_answer`."""

    def __init__(self) -> None:
        self._backfills: dict[int, Backfill] = {}

    @abstractmethod
    def _answer(self, statement: Select[tuple[str]], values: dict[str, int]) -> str:
        """The one text that a statement answers with. One with values is kept, and asked again and again."""

    def orders_by_id(self, ids: Sequence[int]) -> list[Order]:
        return self._run(queries.orders_by_id(ids), _ORDERS)

    def terms_of_order(self, order_id: int) -> list[OrderTerms]:
        return self._run(queries.terms_of_order(order_id), _TERMS)

    def orders(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        market: int | None = None,
        side: int | None = None,
        state: OrderFilter = "all",
        traded: bool | None = None,
        tag: str | None = None,
    ) -> list[Order]:
        return self._run(queries.account_orders(account, page, market, side, state, traded, tag), _ORDERS)

    def fills(self, account: int, page: Page = WHOLE, *, market: int | None = None, tag: str | None = None) -> list[Fill]:
        return self._run(queries.account_fills(account, page, market, tag), _FILLS)

    def fills_of_order(self, order_id: int, page: Page = WHOLE) -> list[Fill]:
        return self._run(queries.order_fills(order_id, page), _FILLS)

    def trades_by_id(self, ids: Sequence[int]) -> list[Trade]:
        return self._run(queries.trades_by_id(ids), _TRADES)

    def trade_at(self, time: int) -> Trade | None:
        return next(iter(self._run(queries.trade_at(time), _TRADES)), None)

    def market_trades(self, market: int, page: Page = WHOLE, *, primary: bool | None = None) -> list[Trade]:
        if page == Page(limit=page.limit):  # as a start asks of every market
            return self._prepared(_newest_trades(page.limit, primary), _TRADES, market=market)
        return self._run(queries.market_trades(market, page, primary), _TRADES)

    def entries(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        asset: int | None = None,
        business: int | None = None,
        kind: int | None = None,
        trade_id: int | None = None,
    ) -> list[LedgerEntry]:
        return self._run(queries.account_entries(account, page, asset, business, kind, trade_id), _ENTRIES)

    def entry_count(self, account: int, *, asset: int | None = None, business: int | None = None) -> int:
        return self._run(queries.entry_count(account, asset, business), _NUMBERS)[0][0]

    def balances_at(self, account: int, seq: int, assets: Sequence[int]) -> list[Balance]:
        # One asset at a time: each is one step in an index, while all together would walk the account's whole ledger.
        found = (self._prepared(_balance(), _BALANCES, account=account, asset=asset, seq=seq) for asset in assets)
        return [balance for rows in found for balance in rows]

    def transfer(self, transfer_id: int) -> Transfer | None:
        return next(iter(self._run(queries.transfer_by_id(transfer_id), _TRANSFERS)), None)

    def transfers(self, account: int, page: Page = WHOLE, *, asset: int | None = None, kind: int | None = None) -> list[Transfer]:
        return self._run(queries.account_transfers(account, page, asset, kind), _TRANSFERS)

    def transfers_with(self, word: str, value: str, *, kind: int | None = None, limit: int = 100) -> list[Transfer]:
        return self._run(queries.transfers_with(word, value, kind, limit), _TRANSFERS)

    def notes(self, account: int, since: int) -> list[Note]:
        return self._run(queries.account_notes(account, since), _NOTES)

    def volumes(self, since: int, *, account: int | None = None, market: int | None = None) -> list[Volume]:
        if account is not None:
            return _summed(self._run(queries.account_volume(account, since, market), _SOLD))
        markets = [market] if market is not None else [number for (number,) in self._run(queries.candle_markets(), _NUMBERS)]
        found = ((number, self._all_since(number, since // 1_000_000)) for number in markets)
        return [
            Volume(MarketId(number), whole.count, whole.volume, whole.notional, whole.high, whole.low)
            for number, whole in found
            if whole is not None
        ]

    def candles(self, market: int, interval: int, start: int, end: int, limit: int = 1_000) -> list[Candle]:
        base = base_interval(interval)
        first = candle_start(start + interval - 1, interval)
        after = candle_start(end - 1, interval) + interval
        # One candle more than asked for: the oldest of what a limit cuts off may be half there.
        folded = fold_candles(self._stored_candles(market, base, first, after, (limit + 1) * (interval // base)), interval)
        return folded[-limit:] if limit > 0 else []

    def market_pasts(self, markets: Sequence[int], trades: int, seconds_since: int, candles: Sequence[WantedCandles]) -> list[MarketPast]:
        found: list[MarketPast] = []
        rows = 0
        for market in markets:
            past = self._market_past(market, trades, seconds_since, candles)
            found.append(past)
            rows += len(past.trades) + len(past.seconds) + sum(len(each) for _since, each in past.candles)
            if rows >= MOST_PAST_ROWS:
                break
        return found

    def _market_past(self, market: int, trades: int, seconds_since: int, wanted: Sequence[WantedCandles]) -> MarketPast:
        backfill = self._backfill(market)
        candles = []
        for interval, start, end, limit in wanted:
            since = start if backfill is None else max(start, candle_start(backfill.until, interval))
            candles.append((since, self.candles(market, interval, since, end, limit)))
        newest = self.market_trades(market, Page(limit=trades))
        return MarketPast(newest, self._candle_rows(market, 1, seconds_since, queries.LAST_ID, -1), backfill, candles)

    def _backfill(self, market: int) -> Backfill | None:
        known = self._backfills.get(market)
        if known is None:
            for row in self._prepared(_backfill_of_market(), _BACKFILLS, market=market):
                known = self._backfills[market] = Backfill(*row)
        return known

    def _stored_candles(self, market: int, interval: int, start: int, end: int, limit: int = -1) -> list[Candle]:
        """The newest `limit` (-1: all) of a stored interval, oldest first; before a market's first trades those of its backfill."""
        candles = self._candle_rows(market, interval, start, end, limit)
        filled = self._backfill(market) if limit < 0 or len(candles) < limit else None
        if filled is None or interval == 1 or start >= filled.until:
            return candles
        end = min(end, filled.until)
        wanted = limit - len(candles) + 1 if limit >= 0 else (end - start) // interval + 1
        span = wanted * interval
        earlier = filled.candles(interval, max(start, end - span), end)
        while len(earlier) < wanted and end - span > max(start, filled.since):  # slots without trades are none
            span *= 4
            earlier = filled.candles(interval, max(start, end - span), end)
        # The hour and the day in which trading began are of both.
        joined = fold_candles([*(Candle(*bar) for bar in earlier), *candles], interval)
        return joined[-limit:] if limit > 0 else joined

    def _all_since(self, market: int, second: int) -> Candle | None:
        """Everything since the whole minute of that second: minutes to the next hour, hours to the next day, then days."""
        minute = second - second % MINUTE
        hour = -(-minute // HOUR) * HOUR
        day = -(-hour // DAY) * DAY
        parts: list[Candle] = []
        for interval, first, end in ((MINUTE, minute, hour), (HOUR, hour, day), (DAY, day, queries.LAST_ID)):
            parts += self._stored_candles(market, interval, first, end)
        if not parts:
            return None
        return Candle(
            start=minute,
            open=parts[0].open,
            high=max(part.high for part in parts),
            low=min(part.low for part in parts),
            close=parts[-1].close,
            volume=sum(part.volume for part in parts),
            notional=sum(part.notional for part in parts),
            count=sum(part.count for part in parts),
        )

    def _candle_rows(self, market: int, interval: int, start: int, end: int, limit: int) -> list[Candle]:
        """The newest `limit` (-1: all) of a stored interval, oldest first."""
        most = limit if limit >= 0 else queries.LAST_ID
        rows = self._prepared(_candles(), _CANDLES, market=market, interval=interval, start=start, end=end, limit=most)
        return rows[::-1]

    def _prepared(self, statement: Select[tuple[str]], decoder: "msgspec.json.Decoder[list[T]]", **values: int) -> list[T]:
        """As `_run`, of a statement that was built once and gets its values now: to build one takes longer than to run it."""
        return decoder.decode(self._answer(statement, values))

    def _run(self, statement: Select[Any], decoder: "msgspec.json.Decoder[list[T]]") -> list[T]:
        return decoder.decode(self._answer(as_json(statement), {}))


def _value(name: str) -> int:
    """A place in a statement for a value that comes when it is run."""
    return cast(int, bindparam(name, type_=schema.Id))


@cache
def _candles() -> Select[tuple[str]]:
    return as_json(queries.candle_rows(_value("market"), _value("interval"), _value("start"), _value("end"), _value("limit")))


@cache
def _balance() -> Select[tuple[str]]:
    return as_json(queries.balance_at(_value("account"), _value("asset"), _value("seq")))


@cache
def _backfill_of_market() -> Select[tuple[str]]:
    return as_json(queries.backfill_of(_value("market")))


@lru_cache(maxsize=64)
def _newest_trades(limit: int, primary: bool | None) -> Select[tuple[str]]:
    return as_json(queries.market_trades(_value("market"), Page(limit=limit), primary))


class _Array(FunctionElement[str]):
    """A JSON array of the columns."""

    type = Text()
    inherit_cache = True


class _Rows(FunctionElement[str]):
    """One JSON array of what each row has."""

    type = Text()
    inherit_cache = True


class _Embedded(FunctionElement[str]):
    """A JSON text that becomes a part of another."""

    type = Text()
    inherit_cache = True


class _Quoted(FunctionElement[str]):
    """A `Line` as a part of a JSON text."""

    type = Text()
    inherit_cache = True


def _inner(element: FunctionElement[str], compiler: SQLCompiler, more: dict[str, Any]) -> str:
    return str(compiler.process(element.clauses, **more))


@compiles(_Array)
def _array(element: _Array, compiler: SQLCompiler, **more: Any) -> str:
    return f"json_array({_inner(element, compiler, more)})"


@compiles(_Array, "postgresql")
def _array_there(element: _Array, compiler: SQLCompiler, **more: Any) -> str:
    return f"json_build_array({_inner(element, compiler, more)})"


@compiles(_Rows)
def _rows(element: _Rows, compiler: SQLCompiler, **more: Any) -> str:
    return f"json_group_array({_inner(element, compiler, more)})"


@compiles(_Rows, "postgresql")
def _rows_there(element: _Rows, compiler: SQLCompiler, **more: Any) -> str:
    # Text, because the driver would make Python objects of JSON.
    return f"coalesce(json_agg({_inner(element, compiler, more)}), '[]')::text"


@compiles(_Embedded)
def _embedded(element: _Embedded, compiler: SQLCompiler, **more: Any) -> str:
    return f"json({_inner(element, compiler, more)})"


@compiles(_Embedded, "postgresql")
def _embedded_there(element: _Embedded, compiler: SQLCompiler, **more: Any) -> str:
    return f"({_inner(element, compiler, more)})::json"


@compiles(_Quoted)
def _quoted(element: _Quoted, compiler: SQLCompiler, **more: Any) -> str:
    return _inner(element, compiler, more)


@compiles(_Quoted, "postgresql")
def _quoted_there(element: _Quoted, compiler: SQLCompiler, **more: Any) -> str:
    return f"""('"' || {_inner(element, compiler, more)} || '"')::json"""


def _part(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, schema.Memo):
        return _Embedded(column)
    return _Quoted(column) if isinstance(column.type, Line) else column


def as_json(statement: Select[Any]) -> Select[tuple[str]]:
    """The statement's rows as one JSON text, an array of arrays, in the statement's order.

    (Both databases hand an ordered subquery's rows to the aggregate as they come.)
    """
    rows = statement.subquery("answer")
    whole = select(_Rows(_Array(*(_part(column) for column in rows.c)))).select_from(rows)
    return cast("Select[tuple[str]]", whole)


def _summed(rows: list[tuple[int, int, int, int]]) -> list[Volume]:
    """(market, price, amount, count) per distinct trade, ordered by market."""
    sums: dict[int, list[int]] = {}
    for market, price, amount, count in rows:
        sum_ = sums.setdefault(market, [0, 0, 0, price, price])
        sum_[0] += count
        sum_[1] += amount * count
        sum_[2] += price * amount * count
        sum_[3] = max(sum_[3], price)
        sum_[4] = min(sum_[4], price)
    return [Volume(MarketId(market), *values) for market, values in sums.items()]
