"""What orders asked for before they were replaced. Of an order that lives now, what was before is not known."""

import sqlalchemy as sa
from alembic import op

from cambist.history.schema import Id, Unsigned

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table, and what each living order asks for now, without the command that it has asked for it since."""
    op.create_table(
        "order_terms",
        sa.Column("order_id", Id, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("seq", Id, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("time", Id, nullable=False),
        sa.Column("price", Unsigned(), nullable=False),
        sa.Column("amount", Unsigned(), nullable=False),
        sa.Column("stop_price", Unsigned(), nullable=False),
    )
    op.execute(
        "INSERT INTO order_terms (order_id, seq, time, price, amount, stop_price)"
        " SELECT id, 0, updated, price, amount, stop_price FROM orders WHERE reason = 0"
    )
