"""The directory in a PostgreSQL database, which several processes share.

Its tables are in a schema of their own, beside whatever else the database has. Transactions take turns by an advisory lock, so that what
was looked up is still so when it is written, whichever process looks. Triggers write down which users, keys and sessions change, in the
order of the transactions, and tell whoever listens: `following.py` reads there what others did.

Nothing here is imported by a venue that keeps everything in files.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic

import psycopg
from sqlalchemy import Connection, create_engine, delete, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from cambist.postgresql import server
from cambist.postgresql.server import MIGRATION_SECONDS, Address, Trouble, Unusable, trouble_of

from .copying import NOT_COPIED, copy_rows, new_file
from .database import Changed, Database, create_tables, is_newest
from .following import ChangeLog, Follower
from .tables import REVISION, approvals, counters, facts, guess_budgets, nonce_marks, once_only_nonces, users
from .values import DirectoryError, DirectoryUnavailable, DirectoryUnreadable

CONNECTIONS, MORE_CONNECTIONS = 2, 6
"""Of one process: kept, and made besides while many ask at once."""
RETRY_SECONDS = 1.0
"""How long a database that did not answer counts as away, without being asked again."""
VACUUM_SECONDS = 60.0
_LOCK_CLASS = 0x63616D64
"""`camd`: the first half of the advisory lock's key; the second is the schema's name."""
_SESSION = (
    "SET lock_timeout = '3s'; SET statement_timeout = '4s'; SET idle_in_transaction_session_timeout = '5s';"
    " SELECT set_config('search_path', quote_ident(current_schema() || '_directory'), false)"
)
"""Who stands still in the middle of a transaction loses it, so that the others' logins go on."""
_LOCK = text("SELECT pg_advisory_xact_lock(:lock_class, hashtext(current_schema()))")
_PERSONAL = ("users", "totps", "hotps", "sessions", "recovery_codes", "passkeys", "security_events", "login_networks", "login_devices")
_log = logging.getLogger(__name__)
_CHANGE_LOG = """
CREATE TABLE IF NOT EXISTS changes (number BIGINT PRIMARY KEY, kind TEXT NOT NULL, row_id BIGINT NOT NULL);
INSERT INTO counters VALUES ('changes', 0) ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    next BIGINT;
BEGIN
    -- The row stays locked until the transaction ends: numbers are in the order of the transactions, whoever writes.
    UPDATE counters SET last = last + 1 WHERE name = 'changes' RETURNING last INTO next;
    INSERT INTO changes VALUES (next, TG_TABLE_NAME, coalesce(NEW.id, OLD.id));
    PERFORM pg_notify(TG_TABLE_SCHEMA, '');
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER noted AFTER INSERT OR DELETE OR UPDATE OF name, erased, frozen, role ON users
    FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE OR REPLACE TRIGGER noted AFTER INSERT OR DELETE OR UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE OR REPLACE TRIGGER noted AFTER INSERT OR DELETE OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION note_change();
"""


class PostgresDatabase(Database):
    """Transactions in the database, one at a time among all processes."""

    shared = True

    def __init__(self, address: Address, node: str = "") -> None:
        """Connects; makes or migrates the tables. `node`: what the server's list of sessions shows of this process.

        DirectoryUnavailable: the database is away. DirectoryUnreadable: what is in it is no directory, or of a newer program.
        """
        self._address = address
        self._application = f"cambist directory {node}".rstrip()
        self._away = ""
        self._away_until = 0.0
        self._follower: Follower | None = None
        self._closed = threading.Event()
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=CONNECTIONS,
            max_overflow=MORE_CONNECTIONS,
            pool_timeout=5.0,
            pool_pre_ping=True,
            use_native_hstore=False,
            hide_parameters=True,
        )
        self._at_once = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        try:
            self._bring_up()
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def away(self) -> bool:
        return self._follower is not None and self._follower.away

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._explained(), self._engine.connect() as connection:
            connection.execute(_LOCK, {"lock_class": _LOCK_CLASS})
            yield connection
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._explained(), self._at_once.connect() as connection:
            yield connection

    def follow(self, changed: Callable[[Changed | None], None]) -> None:
        self._follower = Follower(ChangeLog(self), self._listener, changed)
        self._follower.start()

    def forget_old_pages(self) -> None:
        """Takes dead rows out of the tables' pages. What the server's log and its backups have is for whoever keeps those."""
        try:
            with self._explained(), self._own_connection() as connection:
                connection.patience = VACUUM_SECONDS
                connection.execute("SET statement_timeout = 0")
                for table in _PERSONAL:
                    connection.execute(f"VACUUM {table}")
        except DirectoryUnavailable as error:
            _log.warning("%s: the server's own cleaning will take what was erased out of its pages", error)

    def copy_to(self, file: Path) -> None:
        snapshot = self._engine.execution_options(isolation_level="REPEATABLE READ")
        with self._explained(), snapshot.connect() as connection, new_file(file) as copy:
            copy_rows(connection, copy)

    def take_over(self, source: Connection) -> None:
        """Fills tables in which nobody is yet with another directory's. DirectoryError when somebody is; nothing was changed then."""
        with self.transaction() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            if connection.execute(select(users.c.id).limit(1)).first() is not None:
                raise DirectoryError(f"{self._address} has a directory already: nothing was changed")
            for table in (facts, guess_budgets, nonce_marks, once_only_nonces, approvals):
                connection.execute(delete(table))
            connection.execute(delete(counters).where(counters.c.name.not_in(NOT_COPIED)))
            copy_rows(source, connection)

    def close(self) -> None:
        self._closed.set()
        if self._follower is not None:
            self._follower.close()
            self._follower = None
        self._engine.dispose()

    # --- connections ----------------------------------------------------------------------------------------------------------

    def _connect(self) -> server.Connection:
        """One for the pool. DirectoryUnavailable: also without asking, just after the database was found away."""
        if monotonic() < self._away_until and not self._closed.is_set():
            raise DirectoryUnavailable(self._away)
        connection = self._connected()
        connection.set_autocommit(False)
        return connection

    def _connected(self) -> server.Connection:
        try:
            connection = server.connect(self._address, self._application, _SESSION)
        except psycopg.Error as error:
            _, said = trouble_of(error)
            self._away, self._away_until = f"{self._address}, which has the directory, is away ({said})", monotonic() + RETRY_SECONDS
            raise DirectoryUnavailable(self._away) from error
        self._away_until = 0.0
        return connection

    @contextmanager
    def _own_connection(self) -> Iterator[server.Connection]:
        """One beside the pool, in autocommit mode."""
        connection = self._connected()
        try:
            yield connection
        finally:
            connection.close()

    def _listener(self) -> psycopg.Connection[tuple[object, ...]]:
        """One that hears of changes from now on. DirectoryUnavailable."""
        with self._explained():
            connection = self._connected()
            try:
                row = connection.execute("SELECT quote_ident(current_schema())").fetchone()
                assert row is not None
                connection.execute(f"LISTEN {row[0]}")
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # whoever writes expects it, or it is a bug
        except DBAPIError as error:
            raise self._of_driver(error.orig, error) from error.orig
        except psycopg.Error as error:
            raise self._of_driver(error, error) from error
        except PoolTimeout:
            raise DirectoryUnavailable(f"{self._address}, which has the directory, is too slow for all that ask it") from None
        except Unusable as error:
            raise DirectoryUnavailable(str(error)) from None

    def _of_driver(self, cause: BaseException | None, error: Exception) -> Exception:
        trouble, said = trouble_of(cause)
        where = f"{self._address}, which has the directory,"
        match trouble:
            case Trouble.LOCKED:
                return DirectoryUnavailable(f"{where} is busy ({said})")
            case Trouble.UNWRITABLE:
                return DirectoryUnavailable(f"{where} cannot be written ({said})")
            case Trouble.AWAY:
                return DirectoryUnavailable(f"{where} is away ({said}); a change may have been made or not")
            case Trouble.REFUSED:
                return DirectoryUnavailable(f"{self._address} refuses ({said}): give the user CREATE on the database, and own the tables")
        return error

    # --- the tables -----------------------------------------------------------------------------------------------------------

    def _bring_up(self) -> None:
        with self._explained():
            self._make_schema()
            with self._engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                assert isinstance(raw, server.Connection)
                patience, raw.patience = raw.patience, MIGRATION_SECONDS
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
                connection.execute(_LOCK, {"lock_class": _LOCK_CLASS})
                if self._make_tables(connection):
                    connection.exec_driver_sql(_CHANGE_LOG)
                connection.commit()
                raw.patience = patience

    def _make_schema(self) -> None:
        with self._own_connection() as connection:
            row = connection.execute("SELECT current_setting('search_path'), current_schema()").fetchone()
            assert row is not None
            wanted, there = row
            if not wanted.strip('"').endswith("_directory"):
                raise DirectoryUnreadable(f"{self._address}: the user's search_path names no schema that there is")
            if there is None:
                # Two nodes that start at the same time: one of them makes it.
                with suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateSchema):
                    connection.execute(f"CREATE SCHEMA {wanted}")

    def _make_tables(self, connection: Connection) -> bool:
        """Whether anything was made or changed."""
        tables = set(inspect(connection).get_table_names())
        if not tables:
            create_tables(connection)
            return True
        if "alembic_version" not in tables:
            raise DirectoryUnreadable(f"{self._address} has other tables where the directory's ought to be")
        if is_newest(connection):
            return False
        from .migrations import upgrade  # noqa: PLC0415 - only where there is something to migrate

        upgrade(connection, str(self._address))
        return True


def look(address: Address) -> int:
    """How many users the directory there has; changes nothing. DirectoryUnavailable, DirectoryUnreadable."""
    try:
        with closing(server.connect(address, "cambist directory (looking)", _SESSION)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if row != (REVISION,):
                raise DirectoryUnreadable(f"{address} has a directory of another form: the next start brings it up to date, if it can")
            found = connection.execute("SELECT count(*) FROM users WHERE erased IS NULL").fetchone()
            assert found is not None
            return int(found[0])
    except psycopg.errors.UndefinedTable:
        raise DirectoryUnreadable(f"{address} has no directory yet: cambist cluster move-directory") from None
    except (psycopg.Error, Unusable) as error:
        raise DirectoryUnavailable(f"{address}, which has the directory, cannot be asked ({trouble_of(error)[1]})") from None
