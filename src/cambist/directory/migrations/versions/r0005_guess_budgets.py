"""Budgets of guesses in place of pauses, and the browsers that users logged in with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replaces a table, whose pauses end with it, and adds one."""
    op.drop_table("guesses")
    op.create_table(
        "guess_budgets",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_guess_budgets")),
    )
    op.create_table(
        "login_devices",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_login_devices_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "device", name=op.f("pk_login_devices")),
    )
