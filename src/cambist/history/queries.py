"""The queries as SQLAlchemy statements, the same for every database. A store runs them and decodes what comes.

Each answers in the column order of its record. Every walk over rows happens in a limited inner statement on one index; what a record
shows of other tables is joined to the few rows that are left.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from cambist.domain.transfers import Business
from cambist.history.port import OrderFilter, Page
from cambist.history.records import Leg
from cambist.history.schema import (
    Id,
    Memo,
    TagKey,
    backfills,
    candles,
    entries,
    marks,
    notes,
    order_terms,
    orders,
    trades,
    transfers,
    words,
)
from cambist.postgresql.lines import Line

MAX_IDS = 10_000
MAX_NOTES = 10_000
"""The newest of an account that a query gives."""
LAST_ID = 2**63 - 1

Condition = ColumnElement[bool]
Expression = ColumnElement[Any]


class _Extreme(FunctionElement[int]):
    """The larger or smaller of its arguments: SQLite names these as it names the aggregates, others do not."""

    type = Integer()
    inherit_cache = True


class _SameTag(FunctionElement[bool]):
    """Whether a column has that tag, in the words that an index can be used for."""

    type = Boolean()
    inherit_cache = True


@compiles(_SameTag)
def _same_tag(element: _SameTag, compiler: SQLCompiler, **kw: Any) -> str:
    column, tag = element.clauses
    return compiler.process(column == tag, **kw)


@compiles(_SameTag, "postgresql")
def _same_tag_by_prefix(element: _SameTag, compiler: SQLCompiler, **kw: Any) -> str:
    column, tag = element.clauses
    return compiler.process(and_(TagKey(column) == TagKey(tag), column == tag), **kw)


class _ReferenceOf(FunctionElement[int]):
    """An entry's reference as the id of a row, for entries of that kind; of others PostgreSQL could not take it for one."""

    type = Id
    inherit_cache = True


@compiles(_ReferenceOf)
def _reference(element: _ReferenceOf, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(list(element.clauses)[1], **kw)


@compiles(_ReferenceOf, "postgresql")
def _reference_as_id(element: _ReferenceOf, compiler: SQLCompiler, **kw: Any) -> str:
    applies, reference = element.clauses
    return compiler.process(case((applies, cast(reference, BigInteger))), **kw)


class _Greatest(_Extreme):
    name = "greatest"
    inherit_cache = True


class _Least(_Extreme):
    name = "least"
    inherit_cache = True


@compiles(_Greatest)
@compiles(_Least)
def _standard(element: _Extreme, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{element.name}({compiler.process(element.clauses, **kw)})"


@compiles(_Greatest, "sqlite")
def _sqlite_greatest(element: _Greatest, compiler: SQLCompiler, **kw: Any) -> str:
    return f"max({compiler.process(element.clauses, **kw)})"


@compiles(_Least, "sqlite")
def _sqlite_least(element: _Least, compiler: SQLCompiler, **kw: Any) -> str:
    return f"min({compiler.process(element.clauses, **kw)})"


# --- pages ----------------------------------------------------------------------------------------------------------------


def _id_range(column: Expression, lower: list[Expression], upper: list[Expression]) -> list[Condition]:
    # One bound a side: of several, SQLite would walk from the one it likes and test the others row by row.
    conditions: list[Condition] = []
    if lower:
        conditions.append(column >= (_Greatest(*lower) if len(lower) > 1 else lower[0]))
    if upper:
        conditions.append(column <= (_Least(*upper) if len(upper) > 1 else upper[0]))
    return conditions


def _window(page: Page, ids: Expression, times: Expression, mark: Expression) -> list[Condition]:
    """The page's conditions for rows whose times never decrease with their ids but have no index of their own.

    A mark brings the walk to within 1,024 commands of the wanted time, the time itself is compared after that.
    """
    lower: list[Expression] = []
    upper: list[Expression] = []
    conditions: list[Condition] = []
    if page.first_id is not None:
        lower.append(literal(page.first_id, Id))
    if page.last_id is not None:
        upper.append(literal(page.last_id, Id))
    if page.since is not None:
        before = select(mark).where(marks.c.time < page.since).order_by(marks.c.time.desc(), marks.c.seq.desc()).limit(1)
        lower.append(func.coalesce(before.scalar_subquery(), 0))
        conditions.append(times >= page.since)
    if page.until is not None:
        after = select(mark - 1).where(marks.c.time > page.until).order_by(marks.c.time, marks.c.seq).limit(1)
        upper.append(func.coalesce(after.scalar_subquery(), literal(LAST_ID, Id)))
        conditions.append(times <= page.until)
    return _id_range(ids, lower, upper) + conditions


def _trade_window(page: Page) -> list[Condition]:
    """The page's conditions for trades: their times are indexed and unique, so a time is an id."""
    lower: list[Expression] = []
    upper: list[Expression] = []
    if page.first_id is not None:
        lower.append(literal(page.first_id, Id))
    if page.last_id is not None:
        upper.append(literal(page.last_id, Id))
    at = trades.alias("at")
    if page.since is not None:
        first = select(at.c.id).where(at.c.time >= page.since).order_by(at.c.time).limit(1)
        lower.append(func.coalesce(first.scalar_subquery(), literal(LAST_ID, Id)))
    if page.until is not None:
        last = select(at.c.id).where(at.c.time <= page.until).order_by(at.c.time.desc()).limit(1)
        upper.append(func.coalesce(last.scalar_subquery(), 0))
    return _id_range(trades.c.id, lower, upper)


def _cut(statement: Any, page: Page, key: Expression) -> Any:
    ordered = statement.order_by(key.desc() if page.newest_first else key)
    return ordered.limit(literal(max(page.limit, 0), Id)).offset(literal(max(page.offset, 0), Id))


def _by_index(statement: Select[Any], table: Table, index: str) -> Select[Any]:
    """Names the small index to SQLite, which keeps no statistics here and takes any index on the account for as good."""
    return statement.with_hint(table, f"INDEXED BY {index}", "sqlite")


def _direction(page: Page, key: Expression) -> Expression:
    return key.desc() if page.newest_first else key


def _by_ids(table: Table, columns: Sequence[Expression], ids: Sequence[int]) -> Select[Any]:
    if len(ids) > MAX_IDS:
        raise ValueError(f"{len(ids)} ids are more than {MAX_IDS}")
    return select(*columns).where(table.c.id.in_(ids)).order_by(table.c.id)


# --- orders ---------------------------------------------------------------------------------------------------------------


def orders_by_id(ids: Sequence[int]) -> Select[Any]:
    return _by_ids(orders, list(orders.c), ids)


def terms_of_order(order_id: int) -> Select[Any]:
    """In order of seq."""
    return select(*order_terms.c).where(order_terms.c.order_id == order_id).order_by(order_terms.c.seq)


def _tagged(tag: str) -> list[Condition]:
    """An empty text is nobody's. The second condition is the partial index's own, written out so that it can be seen to be."""
    return [_SameTag(orders.c.tag, literal(tag, Line())), orders.c.tag != literal_column("''")]


def account_orders(
    account: int, page: Page, market: int | None, side: int | None, state: OrderFilter, traded: bool | None, tag: str | None = None
) -> Select[Any]:
    conditions: list[Condition] = [orders.c.account == account, *_window(page, orders.c.id, orders.c.created, marks.c.next_order)]
    if market is not None:
        conditions.append(orders.c.market == market)
    if side is not None:
        conditions.append(orders.c.side == side)
    if state == "open":
        # Written out, not bound: a partial index is used only where the condition can be seen to be the index's.
        conditions.append(orders.c.reason == literal_column("0"))
    elif state == "finished":
        conditions.append(orders.c.reason != 0)
    if traded is not None:
        none: Expression = literal_column("0")
        conditions.append(orders.c.total != none if traded else orders.c.total == none)
    if tag is not None:
        conditions += _tagged(tag)
    statement = select(orders).where(*conditions)
    if tag is not None:
        statement = _by_index(statement, orders, "orders_tagged")
    elif state == "open":
        statement = _by_index(statement, orders, "orders_live")
    elif traded and market is not None:
        statement = _by_index(statement, orders, "orders_traded")
    return _cut(statement, page, orders.c.id)  # type: ignore[no-any-return]


# --- trades ---------------------------------------------------------------------------------------------------------------


_CONVERTED = trades.c.resting_market.is_not(None)
_OWN_SIDE = [column for column in trades.c if not column.name.startswith("resting_")]


def _appearance(side_of: str) -> list[Expression]:
    """A trade's record as its taker's or its maker's market has it. The buyer's is the primary one."""
    primary = trades.c.taker_side == literal_column("0" if side_of == "taker" else "1")
    appearance = case((~_CONVERTED, literal_column("0")), (primary, literal_column("1")), else_=literal_column("2"))
    if side_of == "taker":
        return [*_OWN_SIDE, appearance.label("appearance")]
    resting = {name: trades.c[f"resting_{name}"] for name in ("market", "price", "total")}
    seen = [func.coalesce(resting[own.name], own).label(own.name) if own.name in resting else own for own in _OWN_SIDE]
    return [*seen, appearance.label("appearance")]


_AS_TAKER, _AS_MAKER = _appearance("taker"), _appearance("maker")


def trades_by_id(ids: Sequence[int]) -> Select[Any]:
    return _by_ids(trades, _AS_TAKER, ids)


def trade_at(time: int) -> Select[Any]:
    return select(*_AS_TAKER).where(trades.c.time == time)


def market_trades(market: int, page: Page, primary: bool | None = None) -> Select[Any]:
    """Trades of its takers, and of its makers with takers of other markets, each walked on its own index."""
    window = _trade_window(page)
    taken = select(*_AS_TAKER).where(trades.c.market == market, *window)
    rested = select(*_AS_MAKER).where(trades.c.resting_market == market, _CONVERTED, *window)
    if primary is not None:
        buys, sells = trades.c.taker_side == literal_column("0"), trades.c.taker_side == literal_column("1")
        taken = taken.where(or_(~_CONVERTED, buys) if primary else and_(_CONVERTED, sells))
        rested = rested.where(sells if primary else buys)
    both = union_all(taken, rested)
    return _cut(both, page, both.selected_columns.id)  # type: ignore[no-any-return]


def _fills(maker: Condition, taker: Condition, page: Page, market: int | None) -> Select[Any]:
    """Both roles merged by id, each walked on its own index, then the own order of the rows that are left."""
    window = _trade_window(page)
    in_maker, in_taker = _in_market(market)
    as_maker = select(*_AS_MAKER, literal_column("1").label("maker")).where(maker, *in_maker, *window)
    as_taker = select(*_AS_TAKER, literal_column("0").label("maker")).where(taker, *in_taker, *window)
    both = union_all(as_maker, as_taker)
    rows: Subquery = _cut(both, page, both.selected_columns.id).subquery("fill")
    own = orders.alias("own")
    maker_row = rows.c.maker == 1
    return (
        select(rows, own.c.type, own.c.tag, case((maker_row, own.c.maker_ppm), else_=own.c.taker_ppm))
        .select_from(rows.outerjoin(own, own.c.id == case((maker_row, rows.c.maker_order), else_=rows.c.taker_order)))
        .order_by(_direction(page, rows.c.id))
    )


def _in_market(market: int | None) -> tuple[list[Condition], list[Condition]]:
    """What of the maker's side, and what of the taker's, is in that market."""
    if market is None:
        return [], []
    return [func.coalesce(trades.c.resting_market, trades.c.market) == market], [trades.c.market == market]


def account_fills(account: int, page: Page, market: int | None, tag: str | None = None) -> Select[Any]:
    if tag is None:
        maker = and_(trades.c.maker_account == account, trades.c.taker_account != account)
        return _fills(maker, trades.c.taker_account == account, page, market)
    bearing = _by_index(select(orders.c.id).where(orders.c.account == account, *_tagged(tag)), orders, "orders_tagged")
    own_taker = trades.c.taker_order.in_(bearing)
    return _fills(and_(trades.c.maker_order.in_(bearing), ~own_taker), own_taker, page, market)


def order_fills(order_id: int, page: Page) -> Select[Any]:
    return _fills(trades.c.maker_order == order_id, trades.c.taker_order == order_id, page, None)


# --- ledger ---------------------------------------------------------------------------------------------------------------


def _entry_conditions(account: int, asset: int | None, business: int | None, kind: int | None) -> list[Condition]:
    conditions: list[Condition] = [entries.c.account == account]
    if asset is not None:
        conditions.append(entries.c.asset == asset)
    if kind is not None:
        business = Business.TRANSFER
        conditions.append(entries.c.kind == kind)
    if business == Business.TRANSFER:
        conditions.append(entries.c.business == literal_column("4"))  # written out for the partial index
    elif business is not None:
        conditions.append(entries.c.business == int(business))
    return conditions


def account_entries(
    account: int, page: Page, asset: int | None, business: int | None, kind: int | None, trade_id: int | None
) -> Select[Any]:
    conditions = _entry_conditions(account, asset, business, kind)
    conditions += _window(page, entries.c.id, entries.c.time, marks.c.next_entry)
    if trade_id is not None:
        # A trade's entries follow one another from the first one on, at most eight.
        first = select(trades.c.entry_id).where(trades.c.id == trade_id).scalar_subquery()
        conditions.append(entries.c.id.between(first, first + 7))
        conditions += [entries.c.reference == trade_id, entries.c.business == int(Business.TRADE)]
    statement = select(entries).where(*conditions)
    if trade_id is None and (kind is not None or business == Business.TRANSFER):
        statement = _by_index(statement, entries, "entries_moved")
    row: Subquery = _cut(statement, page, entries.c.id).subquery("entry")
    return _as_reported(row).order_by(_direction(page, row.c.id))


def _as_reported(row: Subquery) -> Select[Any]:
    """A ledger entry's record: the entry, and what its trade, order or transfer says."""
    trade, own, transfer = trades.alias("trade"), orders.alias("own"), transfers.alias("transfer")
    own_side = case((row.c.leg.in_([int(Leg.BUYER_PAYS), int(Leg.BUYER_RECEIVES), int(Leg.BASE_FEE)]), 0), else_=1)
    taker = trade.c.taker_side == own_side
    is_trade = row.c.business == int(Business.TRADE)
    # Linked markets: the maker's side saw another price, and another total.
    price = case((and_(is_trade, ~taker), func.coalesce(trade.c.resting_price, trade.c.price)), else_=trade.c.price)
    total = case((and_(is_trade, ~taker), func.coalesce(trade.c.resting_total, trade.c.total)), else_=trade.c.total)
    converted = and_(is_trade, trade.c.resting_market.is_not(None))
    is_order = or_(row.c.business == int(Business.HOLD), row.c.business == int(Business.RELEASE))
    own_id = case(
        (is_trade, case((taker, trade.c.taker_order), else_=trade.c.maker_order)),
        (is_order, _ReferenceOf(is_order, row.c.reference)),
        else_=null(),
    )
    joined = (
        row.outerjoin(trade, and_(is_trade, trade.c.id == _ReferenceOf(is_trade, row.c.reference)))
        .outerjoin(own, own.c.id == own_id)
        .outerjoin(transfer, transfer.c.id == row.c.transfer_id)
    )
    return select(
        row.c.id,
        row.c.account,
        row.c.asset,
        row.c.business,
        row.c.reference,
        row.c.change_available,
        row.c.change_held,
        row.c.available,
        row.c.held,
        row.c.seq,
        row.c.time,
        row.c.leg,
        row.c.fee,
        func.coalesce(own.c.market, 0),
        func.coalesce(own_id, 0),
        func.coalesce(case((taker, trade.c.maker_order), else_=trade.c.taker_order), 0),
        case((and_(is_trade, trade.c.taker_side != own_side), 1), else_=0),
        func.coalesce(own.c.side, 0),
        func.coalesce(price, own.c.price, 0),
        func.coalesce(trade.c.amount, own.c.amount, 0),
        func.coalesce(total, 0),
        func.coalesce(case((taker, own.c.taker_ppm), (is_trade, own.c.maker_ppm), else_=0), 0),
        func.coalesce(trade.c.time, 0),
        func.coalesce(trade.c.taker_market, 0),
        case((~converted, 0), (own_side == 0, 1), else_=2),
        case((~converted, 0), (taker, trade.c.resting_market), else_=trade.c.market),
        case((~converted, 0), (taker, trade.c.resting_price), else_=trade.c.price),
        func.coalesce(transfer.c.id, 0),
        row.c.kind,
        func.coalesce(transfer.c.source, 0),
        func.coalesce(transfer.c.destination, 0),
        func.coalesce(transfer.c.status, 0),
        func.coalesce(transfer.c.settled, 0),
        func.coalesce(transfer.c.memo, literal("{}", Memo())).label("memo"),
    ).select_from(joined)


def entry_count(account: int, asset: int | None, business: int | None) -> Select[Any]:
    return select(func.count()).select_from(entries).where(*_entry_conditions(account, asset, business, None))


def balance_at(account: int, asset: int, seq: int) -> Select[Any]:
    """The account's newest entry of the asset that a command up to `seq` made. A mark brings the walk to within 1,024 commands of it."""
    after = select(marks.c.next_entry - 1).where(marks.c.seq > seq).order_by(marks.c.seq).limit(1)
    before = entries.c.id <= func.coalesce(after.scalar_subquery(), literal(LAST_ID, Id))
    own = and_(entries.c.account == account, entries.c.asset == asset)
    return (
        select(entries.c.asset, entries.c.available, entries.c.held)
        .where(own, before, entries.c.seq <= seq)
        .order_by(entries.c.id.desc())
        .limit(1)
    )


# --- transfers ------------------------------------------------------------------------------------------------------------


def transfer_by_id(transfer_id: int) -> Select[Any]:
    return select(transfers).where(transfers.c.id == transfer_id)


def account_transfers(account: int, page: Page, asset: int | None, kind: int | None) -> Select[Any]:
    more = _window(page, transfers.c.source_entry, transfers.c.created, marks.c.next_entry)
    if asset is not None:
        more.append(transfers.c.asset == asset)
    if kind is not None:
        more.append(transfers.c.kind == kind)
    # Never the same row twice: a transfer's ends differ.
    both = union_all(
        select(transfers).where(transfers.c.source == account, *more),
        select(transfers).where(transfers.c.destination == account, *more),
    )
    return _cut(both, page, both.selected_columns.source_entry)  # type: ignore[no-any-return]


def transfers_with(word: str, value: str, kind: int | None, limit: int) -> Select[Any]:
    conditions: list[Condition] = [words.c.word == word, words.c.value == value]
    if kind is not None:
        conditions.append(transfers.c.kind == kind)
    joined = words.join(transfers, transfers.c.id == words.c.transfer_id)
    return select(transfers).select_from(joined).where(*conditions).order_by(transfers.c.source_entry).limit(limit)


# --- notes ----------------------------------------------------------------------------------------------------------------


def account_notes(account: int, since: int) -> Select[Any]:
    newest = select(notes.c.seq, notes.c.time, notes.c.memo).where(notes.c.account == account, notes.c.time >= since)
    cut = newest.order_by(notes.c.time.desc(), notes.c.seq.desc()).limit(MAX_NOTES).subquery("newest")
    return select(cut.c.seq, cut.c.time, cut.c.memo).order_by(cut.c.seq)


# --- sums and candles -----------------------------------------------------------------------------------------------------


def account_volume(account: int, since: int, market: int | None) -> Select[Any]:
    """(market, price, amount, count): summing happens outside, where integers have no end."""
    window = _trade_window(Page(since=since))
    in_maker, in_taker = _in_market(market)
    columns = (trades.c.market, trades.c.price, trades.c.amount)
    seen = [func.coalesce(trades.c[f"resting_{column.name}"], column).label(column.name) for column in columns[:2]]
    both = union_all(
        select(*seen, trades.c.amount).where(trades.c.maker_account == account, trades.c.taker_account != account, *in_maker, *window),
        select(*columns).where(trades.c.taker_account == account, *in_taker, *window),
    ).subquery("traded")
    keys = (both.c.market, both.c.price, both.c.amount)
    return select(*keys, func.count()).group_by(*keys).order_by(both.c.market)


_CANDLE = (
    candles.c.start,
    candles.c.open,
    candles.c.high,
    candles.c.low,
    candles.c.close,
    candles.c.volume,
    candles.c.notional,
    candles.c.count,
)


def candle_rows(market: int, interval: int, start: int, end: int, limit: int) -> Select[Any]:
    """The newest `limit` of one stored interval, newest first."""
    of = and_(candles.c.market == market, candles.c.interval == interval)
    return select(*_CANDLE).where(of, candles.c.start >= start, candles.c.start < end).order_by(candles.c.start.desc()).limit(limit)


def backfill_of(market: int) -> Select[Any]:
    return select(backfills).where(backfills.c.market == market)


def candle_markets() -> Select[Any]:
    """Markets that ever traded. One step in the key per market: days are few."""
    return select(candles.c.market).where(candles.c.interval == 86_400).distinct().order_by(candles.c.market)
