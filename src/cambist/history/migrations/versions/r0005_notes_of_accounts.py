"""Notes that name an account are kept. Those of before this revision are found again by `cambist rebuild`."""

import sqlalchemy as sa
from alembic import op

from cambist.history.schema import Id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "notes",
        sa.Column("seq", Id, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("account", Id, nullable=False),
        sa.Column("time", Id, nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
    )
    op.create_index("notes_of_account", "notes", ["account", "time"])
