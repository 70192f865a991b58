"""Counters of wrong guesses."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "guesses",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("wrong", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("wrong > 0", name=op.f("ck_guesses_wrong")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_guesses")),
    )
