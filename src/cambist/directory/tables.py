"""The directory's tables. A change here needs a migration in `migrations/versions` and its number in REVISION."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, MetaData, Table, Text, UniqueConstraint

from cambist.postgresql.lines import Line

REVISION = "0010"
"""The newest migration: what a fresh database is stamped with."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Ids come from here and not from AUTOINCREMENT: a number is never given twice, also after a row is gone, and on any database.
counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", BigInteger, nullable=False, unique=True),
    Column("name", Text),
    Column("folded_name", Text, unique=True),
    Column("password_hash", Text),
    Column("created", BigInteger, nullable=False),
    Column("erased", BigInteger),
    Column("frozen", BigInteger),
    Column("role", Text),
    CheckConstraint("account >= 16", name="user_account"),
    CheckConstraint("folded_name = lower(name)", name="folded"),
    CheckConstraint("(erased is null) = (name is not null)", name="erased_has_no_name"),
    CheckConstraint("(erased is null) = (password_hash is not null)", name="erased_has_no_password"),
)

totps = Table(
    "totps",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
    Column("confirmed", BigInteger),
    Column("last_step", BigInteger, nullable=False),
    CheckConstraint("last_step >= 0", name="step"),
)

hotps = Table(
    "hotps",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("name", LargeBinary, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("confirmed", BigInteger),
    Column("counter", BigInteger, nullable=False),
    CheckConstraint("counter >= 0", name="counter"),
)

guess_budgets = Table(
    "guess_budgets",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("full_at", BigInteger, nullable=False),
)

login_networks = Table(
    "login_networks",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("network", LargeBinary, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

login_devices = Table(
    "login_devices",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("device", LargeBinary, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("address", Line),
    Column("agent", Line),
    Column("proved", BigInteger),
    CheckConstraint("length(token_hash) = 32", name="hash_length"),
    CheckConstraint("expires > created", name="lifetime"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("digest", LargeBinary, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Line, nullable=False),
    Column("host", Line, nullable=False),
    Column("credential", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("synced", BigInteger, nullable=False),
    Column("challenge", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("used", BigInteger),
    CheckConstraint("counter >= 0", name="counter"),
)

security_events = Table(
    "security_events",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("time", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Line, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("operation", Line, nullable=False),
    Column("subject", Line, nullable=False),
    Column("arguments", Line, nullable=False),
    Column("asked_by", BigInteger, nullable=False),
    Column("asked", BigInteger, nullable=False),
    UniqueConstraint("operation", "subject"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("dialect", Text, nullable=False),
    Column("key", Line, nullable=False, unique=True),
    Column("secret", LargeBinary),
    Column("scopes", Text, nullable=False),
    Column("ip_allow", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
    CheckConstraint("id > 0", name="id"),
    CheckConstraint("(revoked is null) = (secret is not null)", name="revoked_has_no_secret"),
    Index(None, "user_id", "dialect"),
)

# No foreign keys from the nonce tables: after a restore from an old backup the journal may name keys that this file never saw.
nonce_marks = Table(
    "nonce_marks",
    metadata,
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("nonce", BigInteger, nullable=False),
    CheckConstraint("nonce > 0", name="nonce"),
)

once_only_nonces = Table(
    "once_only_nonces",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("until", BigInteger, nullable=False),
    Column("nonces", LargeBinary, nullable=False),
)
