"""Which journal the rows were folded from."""

import sqlalchemy as sa
from alembic import op

from cambist.history.schema import Id

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column. 0: the file does not say; the venue that opens it next writes its own journal's fingerprint there."""
    op.add_column("progress", sa.Column("journal", Id, nullable=False, server_default=sa.text("0")))
