"""Orders, trades, ledger entries, transfers and what finds them."""

import sqlalchemy as sa
from alembic import op

from cambist.history.schema import Atoms, Id, Unsigned
from cambist.postgresql.lines import Line

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _progress()
    _orders()
    _trades()
    _entries()
    _transfers()
    _words()
    _candles()
    _marks()


def _progress() -> None:
    op.create_table(
        "progress",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("seq", Id, nullable=False),
        sa.Column("time", Id, nullable=False),
        sa.Column("next_order", Id, nullable=False),
        sa.Column("next_trade", Id, nullable=False),
        sa.Column("next_entry", Id, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", Id, nullable=False, autoincrement=False),
        sa.Column("account", Id, nullable=False),
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("tif", sa.SmallInteger(), nullable=False),
        sa.Column("flags", sa.SmallInteger(), nullable=False),
        sa.Column("price", Unsigned(), nullable=False),
        sa.Column("amount", Unsigned(), nullable=False),
        sa.Column("funds", Atoms(), nullable=False),
        sa.Column("stop_price", Unsigned(), nullable=False),
        sa.Column("expire_at", Unsigned(), nullable=False),
        sa.Column("client_id", Atoms(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("maker_ppm", sa.Integer(), nullable=False),
        sa.Column("taker_ppm", sa.Integer(), nullable=False),
        sa.Column("filled", Unsigned(), nullable=False),
        sa.Column("total", Atoms(), nullable=False),
        sa.Column("fee", Atoms(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("triggered", Id, nullable=False),
        sa.Column("created", Id, nullable=False),
        sa.Column("updated", Id, nullable=False),
        sa.Column("seq", Id, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "orders_live", "orders", ["account", "id"], unique=False, sqlite_where=sa.text("reason = 0"), postgresql_where=sa.text("reason = 0")
    )
    op.create_index("orders_of_account", "orders", ["account", "id"])
    op.create_index("orders_of_account_in_market", "orders", ["account", "market", "id"])
    op.create_index(
        "orders_traded",
        "orders",
        ["account", "market", "id"],
        unique=False,
        sqlite_where=sa.text("total != 0"),
        postgresql_where=sa.text("total != 0"),
    )


def _trades() -> None:
    op.create_table(
        "trades",
        sa.Column("id", Id, nullable=False, autoincrement=False),
        sa.Column("time", Id, nullable=False),
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("taker_side", sa.SmallInteger(), nullable=False),
        sa.Column("price", Unsigned(), nullable=False),
        sa.Column("amount", Unsigned(), nullable=False),
        sa.Column("total", Atoms(), nullable=False),
        sa.Column("maker_account", Id, nullable=False),
        sa.Column("taker_account", Id, nullable=False),
        sa.Column("maker_order", Id, nullable=False),
        sa.Column("taker_order", Id, nullable=False),
        sa.Column("maker_fee", Atoms(), nullable=False),
        sa.Column("taker_fee", Atoms(), nullable=False),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("seq", Id, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("trades_by_time", "trades", ["time"], unique=True)
    op.create_index("trades_of_maker", "trades", ["maker_account", "id"])
    op.create_index("trades_of_maker_order", "trades", ["maker_order", "id"])
    op.create_index("trades_of_market", "trades", ["market", "id"])
    op.create_index("trades_of_taker", "trades", ["taker_account", "id"])
    op.create_index("trades_of_taker_order", "trades", ["taker_order", "id"])


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", Id, nullable=False, autoincrement=False),
        sa.Column("account", Id, nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("business", sa.SmallInteger(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("reference", Unsigned(), nullable=False),
        sa.Column("change_available", Atoms(), nullable=False),
        sa.Column("change_held", Atoms(), nullable=False),
        sa.Column("available", Atoms(), nullable=False),
        sa.Column("held", Atoms(), nullable=False),
        sa.Column("fee", Atoms(), nullable=False),
        sa.Column("transfer_id", Atoms(), nullable=True),
        sa.Column("seq", Id, nullable=False),
        sa.Column("time", Id, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "entries_moved",
        "entries",
        ["account", "id"],
        unique=False,
        sqlite_where=sa.text("business = 4"),
        postgresql_where=sa.text("business = 4"),
    )
    op.create_index("entries_of_account", "entries", ["account", "id"])
    op.create_index("entries_of_account_asset", "entries", ["account", "asset", "id"])


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", Atoms(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("source", Id, nullable=False),
        sa.Column("destination", Id, nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("amount", Atoms(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("settled", Id, nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("source_entry", Id, nullable=False),
        sa.Column("destination_entry", Id, nullable=False),
        sa.Column("created", Id, nullable=False),
        sa.Column("updated", Id, nullable=False),
        sa.Column("seq", Id, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("transfers_of_destination", "transfers", ["destination", "source_entry"])
    op.create_index("transfers_of_source", "transfers", ["source", "source_entry"])


def _words() -> None:
    op.create_table(
        "words",
        sa.Column("word", Line(64), nullable=False),
        sa.Column("value", Line(256), nullable=False),
        sa.Column("transfer_id", Atoms(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("word", "value", "transfer_id"),
        sqlite_with_rowid=False,
    )


def _candles() -> None:
    op.create_table(
        "candles",
        sa.Column("market", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("interval", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("start", Id, nullable=False, autoincrement=False),
        sa.Column("open", Unsigned(), nullable=False),
        sa.Column("high", Unsigned(), nullable=False),
        sa.Column("low", Unsigned(), nullable=False),
        sa.Column("close", Unsigned(), nullable=False),
        sa.Column("volume", Atoms(), nullable=False),
        sa.Column("notional", Atoms(), nullable=False),
        sa.Column("count", Id, nullable=False),
        sa.PrimaryKeyConstraint("market", "interval", "start"),
        sqlite_with_rowid=False,
    )


def _marks() -> None:
    op.create_table(
        "marks",
        sa.Column("seq", Id, nullable=False, autoincrement=False),
        sa.Column("time", Id, nullable=False),
        sa.Column("next_order", Id, nullable=False),
        sa.Column("next_entry", Id, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("marks_by_time", "marks", ["time"])
