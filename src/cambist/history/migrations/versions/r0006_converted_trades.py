"""Trades between two linked markets: how the maker's market saw them. Before this revision there was no such trade."""

import sqlalchemy as sa
from alembic import op

from cambist.history.schema import Atoms, Unsigned

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns, empty for every trade that is there, and their index."""
    op.add_column("trades", sa.Column("resting_market", sa.Integer()))
    op.add_column("trades", sa.Column("resting_price", Unsigned()))
    op.add_column("trades", sa.Column("resting_total", Atoms()))
    converted = sa.text("resting_market IS NOT NULL")
    op.create_index("trades_converted", "trades", ["resting_market", "id"], sqlite_where=converted, postgresql_where=converted)
