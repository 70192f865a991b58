"""Whether a trade's taker named no price."""

import sqlalchemy as sa
from alembic import op

from cambist.history.schema import Atoms, Id, Unsigned

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEXES = {
    "trades_by_time": ["time"],
    "trades_of_market": ["market", "id"],
    "trades_of_maker": ["maker_account", "id"],
    "trades_of_taker": ["taker_account", "id"],
    "trades_of_maker_order": ["maker_order", "id"],
    "trades_of_taker_order": ["taker_order", "id"],
}
_KEPT = (
    "id, time, market, taker_side, price, amount, total, maker_account, taker_account, maker_order, taker_order, maker_fee, taker_fee, "
    "entry_id, seq"
)


def upgrade() -> None:
    """Copies the trades, because a column without a default cannot be added to rows that exist; the takers' orders tell what goes in."""
    for name in _INDEXES:
        op.drop_index(name, table_name="trades")
    op.rename_table("trades", "trades_before")
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
        sa.Column("taker_market", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    unpriced = "SELECT CASE WHEN orders.type IN (1, 3) THEN 1 ELSE 0 END FROM orders WHERE orders.id = trades_before.taker_order"
    op.execute(f"INSERT INTO trades SELECT {_KEPT}, coalesce(({unpriced}), 0) FROM trades_before")  # noqa: S608 - fixed text
    op.drop_table("trades_before")
    for name, columns in _INDEXES.items():
        op.create_index(name, "trades", columns, unique=name == "trades_by_time")
