"""Candles from before a market's first trade. Notes of before this revision carried none."""

import sqlalchemy as sa
from alembic import op

from cambist.history.schema import Id, Unsigned

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "backfills",
        sa.Column("market", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("until", Id, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("price", Unsigned(), nullable=False),
        sa.Column("volume", Unsigned(), nullable=False),
        sa.Column("trades", Id, nullable=False),
        sa.Column("deviation_ppm", sa.Integer(), nullable=False),
    )
