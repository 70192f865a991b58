"""The tables, for SQLite now and PostgreSQL by the same words. docs/reference/history-schema.md explains every column.

SQLite's integers have 64 bits, the core's numbers up to 128. `Atoms` (totals, fees, balances, transfer and client ids) and `Unsigned`
(prices and amounts) are NUMERIC(39) and NUMERIC(20) in PostgreSQL, and in SQLite columns without affinity, which keep what they are
given: an integer as nearly always, decimal text when it does not fit. (A column with integer affinity would turn that text into a
float.) One number has one form, so equality works; nothing orders by them.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Index, Integer, MetaData, Numeric, SmallInteger, Table, Text, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler, SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from cambist.postgresql.lines import Line

REVISION = "0008"
"""The newest migration. A file at this revision is opened without Alembic."""


class _Untyped(UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return ""


class _Wide(TypeDecorator[int]):
    """An integer that may need more than 64 bits."""

    impl = Numeric
    cache_ok = True
    digits = 39

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_Untyped() if dialect.name == "sqlite" else Numeric(self.digits, 0))

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | str | None:
        return fitting(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class Atoms(_Wide):
    """An integer of up to 128 bits and its sign."""

    cache_ok = True


class Unsigned(_Wide):
    """An integer from 0 to 2^64 - 1."""

    cache_ok = True
    digits = 20


class Memo(TypeDecorator[str]):
    """A JSON text, kept as it was written."""

    impl = Text
    cache_ok = True


def fitting(value: Any) -> Any:
    """A number as SQLite keeps it: decimal text when it has more than 64 bits."""
    return str(value) if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63 else value


# INTEGER in SQLite (a key of that type is the row id itself), BIGINT in PostgreSQL.
Id = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()


def _column(name: str, kind: TypeEngine[Any], **more: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **more)


progress = Table(
    "progress",
    metadata,
    _column("id", SmallInteger(), primary_key=True, autoincrement=False),
    _column("seq", Id),
    _column("time", Id),
    _column("next_order", Id),
    _column("next_trade", Id),
    _column("next_entry", Id),
    _column("journal", Id, server_default=literal_column("0")),
)
"""One row: the cursor, and the fingerprint of the journal that the rows were folded from."""

orders = Table(
    "orders",
    metadata,
    _column("id", Id, primary_key=True, autoincrement=False),
    _column("account", Id),
    _column("market", Integer()),
    _column("side", SmallInteger()),
    _column("type", SmallInteger()),
    _column("tif", SmallInteger()),
    _column("flags", SmallInteger()),
    _column("price", Unsigned()),
    _column("amount", Unsigned()),
    _column("funds", Atoms()),
    _column("stop_price", Unsigned()),
    _column("expire_at", Unsigned()),
    _column("client_id", Atoms()),
    _column("tag", Line()),
    _column("maker_ppm", Integer()),
    _column("taker_ppm", Integer()),
    _column("filled", Unsigned()),
    _column("total", Atoms()),
    _column("fee", Atoms()),
    _column("reason", SmallInteger()),
    _column("triggered", Id),
    _column("created", Id),
    _column("updated", Id),
    _column("seq", Id),
)

order_terms = Table(
    "order_terms",
    metadata,
    _column("order_id", Id, primary_key=True, autoincrement=False),
    _column("seq", Id, primary_key=True, autoincrement=False),
    _column("time", Id),
    _column("price", Unsigned()),
    _column("amount", Unsigned()),
    _column("stop_price", Unsigned()),
)
"""Of orders that were replaced: what each asked for, from each command on. A first row with seq 0: what was before is not known."""

trades = Table(
    "trades",
    metadata,
    _column("id", Id, primary_key=True, autoincrement=False),
    _column("time", Id),
    _column("market", Integer()),
    _column("taker_side", SmallInteger()),
    _column("price", Unsigned()),
    _column("amount", Unsigned()),
    _column("total", Atoms()),
    _column("maker_account", Id),
    _column("taker_account", Id),
    _column("maker_order", Id),
    _column("taker_order", Id),
    _column("maker_fee", Atoms()),
    _column("taker_fee", Atoms()),
    _column("entry_id", Id),
    _column("seq", Id),
    _column("taker_market", SmallInteger()),
    Column("resting_market", Integer()),
    Column("resting_price", Unsigned()),
    Column("resting_total", Atoms()),
)

entries = Table(
    "entries",
    metadata,
    _column("id", Id, primary_key=True, autoincrement=False),
    _column("account", Id),
    _column("asset", Integer()),
    _column("business", SmallInteger()),
    _column("leg", SmallInteger()),
    _column("kind", SmallInteger()),
    _column("reference", Unsigned()),
    _column("change_available", Atoms()),
    _column("change_held", Atoms()),
    _column("available", Atoms()),
    _column("held", Atoms()),
    _column("fee", Atoms()),
    Column("transfer_id", Atoms()),
    _column("seq", Id),
    _column("time", Id),
)

transfers = Table(
    "transfers",
    metadata,
    _column("id", Atoms(), primary_key=True, autoincrement=False),
    _column("kind", SmallInteger()),
    _column("source", Id),
    _column("destination", Id),
    _column("asset", Integer()),
    _column("amount", Atoms()),
    _column("status", SmallInteger()),
    _column("settled", Id),
    _column("memo", Memo()),
    _column("source_entry", Id),
    _column("destination_entry", Id),
    _column("created", Id),
    _column("updated", Id),
    _column("seq", Id),
)

words = Table(
    "words",
    metadata,
    _column("word", Line(64), primary_key=True),
    _column("value", Line(256), primary_key=True),
    _column("transfer_id", Atoms(), primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Memo words of transfers, to find a transfer by one."""

notes = Table(
    "notes",
    metadata,
    _column("seq", Id, primary_key=True, autoincrement=False),
    _column("account", Id),
    _column("time", Id),
    _column("memo", Memo()),
)
"""Notes that name an account (memo word `for_account`): what its dialects journal and look up."""

backfills = Table(
    "backfills",
    metadata,
    _column("market", Integer(), primary_key=True, autoincrement=False),
    _column("seed", Line()),
    _column("until", Id),
    _column("days", Integer()),
    _column("price", Unsigned()),
    _column("volume", Unsigned()),
    _column("trades", Id),
    _column("deviation_ppm", Integer()),
)
"""What markets have instead of candles before their first trade (`domain.backfill`)."""

candles = Table(
    "candles",
    metadata,
    _column("market", Integer(), primary_key=True, autoincrement=False),
    _column("interval", Integer(), primary_key=True, autoincrement=False),
    _column("start", Id, primary_key=True, autoincrement=False),
    _column("open", Unsigned()),
    _column("high", Unsigned()),
    _column("low", Unsigned()),
    _column("close", Unsigned()),
    _column("volume", Atoms()),
    _column("notional", Atoms()),
    _column("count", Id),
    sqlite_with_rowid=False,
)

marks = Table(
    "marks",
    metadata,
    _column("seq", Id, primary_key=True, autoincrement=False),
    _column("time", Id),
    _column("next_order", Id),
    _column("next_entry", Id),
)
"""Every 1,024th command: its time, and the first order and entry ids that are not before it."""

FOLDED = (orders, order_terms, trades, entries, transfers, words, notes, backfills, candles, marks)
"""Everything that is dropped and folded again."""

PREFIX = 400
"""Characters of a tag that PostgreSQL's index holds: one of its entries has room for 2,704 bytes, a tag may have more."""


class TagKey(FunctionElement[str]):
    """What of a tag an index holds."""

    type = Text()
    inherit_cache = True


@compiles(TagKey)
def _whole(element: TagKey, compiler: SQLCompiler, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(TagKey, "postgresql")
def _prefix(element: TagKey, compiler: SQLCompiler, **kw: Any) -> str:
    return f"left({compiler.process(element.clauses, **kw)}, {PREFIX})"


# The account's own rows, newest or oldest first, without touching anybody else's.
Index("orders_of_account", orders.c.account, orders.c.id)
Index("orders_of_account_in_market", orders.c.account, orders.c.market, orders.c.id)
# Small ones for what is rare among an account's orders: the live, and those that ever traded.
Index("orders_live", orders.c.account, orders.c.id, sqlite_where=orders.c.reason == 0)
Index(
    "orders_traded",
    orders.c.account,
    orders.c.market,
    orders.c.id,
    sqlite_where=orders.c.total != literal_column("0"),
)
# For clients that ask by their own text; it costs the orders that have none nothing.
Index(
    "orders_tagged",
    orders.c.account,
    TagKey(orders.c.tag),
    orders.c.id,
    sqlite_where=orders.c.tag != literal_column("''"),
)
# Trade times strictly increase, so this index is appended to, never searched for a place.
Index("trades_by_time", trades.c.time, unique=True)
Index("trades_of_market", trades.c.market, trades.c.id)
# Costs the trades within one market nothing.
Index(
    "trades_converted",
    trades.c.resting_market,
    trades.c.id,
    sqlite_where=trades.c.resting_market.is_not(None),
)
Index("trades_of_maker", trades.c.maker_account, trades.c.id)
Index("trades_of_taker", trades.c.taker_account, trades.c.id)
Index("trades_of_maker_order", trades.c.maker_order, trades.c.id)
Index("trades_of_taker_order", trades.c.taker_order, trades.c.id)
Index("entries_of_account", entries.c.account, entries.c.id)
Index("entries_of_account_asset", entries.c.account, entries.c.asset, entries.c.id)
Index(
    "entries_moved",
    entries.c.account,
    entries.c.id,
    sqlite_where=entries.c.business == 4,
)
Index("transfers_of_source", transfers.c.source, transfers.c.source_entry)
Index("transfers_of_destination", transfers.c.destination, transfers.c.source_entry)
Index("notes_of_account", notes.c.account, notes.c.time)
Index("marks_by_time", marks.c.time)


@compiles(CreateIndex, "postgresql")
def _partial_there_too(create: CreateIndex, compiler: DDLCompiler, **more: Any) -> str:
    """Where `postgresql_where` on an index would have each process import that dialect, though it keeps its history in SQLite."""
    options = create.element.dialect_options
    options["postgresql"]["where"] = options["sqlite"]["where"]
    return str(compiler.visit_create_index(create, **more))  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
