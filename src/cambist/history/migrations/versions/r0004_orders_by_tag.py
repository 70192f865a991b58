"""Orders can be found by the client's own text."""

import sqlalchemy as sa
from alembic import op

from cambist.history.schema import PREFIX

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index; orders without a text are not in it."""
    tagged = sa.text("tag != ''")
    key = sa.text(f"left(tag, {PREFIX})") if op.get_bind().dialect.name == "postgresql" else "tag"
    op.create_index("orders_tagged", "orders", ["account", key, "id"], sqlite_where=tagged, postgresql_where=tagged)
