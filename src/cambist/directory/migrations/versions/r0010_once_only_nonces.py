"""Once-only nonces in one row for all that were used within a short time, as the journal writes them."""

from collections import defaultdict

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replaces a table; what is in it goes along."""
    stored = op.create_table(
        "once_only_nonces",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("nonces", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_once_only_nonces")),
    )
    used: dict[int, list[int]] = defaultdict(list)
    latest = 0
    for key_id, nonce, until in op.get_bind().execute(sa.text("SELECT key_id, nonce, until FROM used_nonces")):
        used[key_id].append(-nonce)
        latest = max(latest, until)
    if used:
        op.execute("INSERT INTO counters VALUES ('once_only_nonces', 1)")
        op.bulk_insert(stored, [{"id": 1, "until": latest, "nonces": msgspec.msgpack.encode(dict(used))}])
    op.drop_table("used_nonces")
