"""Logins: an opaque token for the browser, its hash for the file."""

import hashlib
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from cambist.domain.units import AccountId

from .database import Database, last_number, next_number
from .tables import sessions, users
from .values import Clock, Entropy, User

TOKEN_BYTES = 32
_ENDS = "session-ends"
"""The counter of all `revoke_all`; with a user's id behind it, the number of the last one of theirs."""


@dataclass(frozen=True, slots=True)
class Session:
    """A login of one user, `created` to `expires` (µs). `address` and `agent`: from where and by what, as far as it was said.

    `proved`: when whoever has it last proved who they are (µs), by logging in or once more since.
    """

    id: int
    user: int
    account: AccountId
    created: int
    expires: int
    address: str = ""
    agent: str = ""
    proved: int = 0


MOST = 50
"""Sessions of one user; one more ends the oldest."""
AGENT_LENGTH = 200


class Sessions:
    """Live sessions, found in memory by the hash of their token. Changes are made one at a time; who only looks never waits."""

    def __init__(self, database: Database, entropy: Entropy, clock: Clock, refreshing: threading.RLock) -> None:
        """`refreshing`: held while memory follows the tables, until everybody who follows was told."""
        self._database = database
        self._entropy = entropy
        self._clock = clock
        self._refreshing = refreshing
        self._ended: list[Callable[[Session], None]] = []
        self._by_hash: dict[bytes, Session] = {}
        with database.transaction() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires <= clock()))

    def follow_ends(self, listener: Callable[[Session], None]) -> None:
        """Calls back with every session that is revoked from here on, in the thread that did it, or in the one that heard of it when
        another process did; not with those that expire."""
        self._ended.append(listener)

    def moment(self) -> int:
        """For `open_since`: to be taken before somebody's password is looked at."""
        with self._database.reading() as connection:
            return last_number(connection, _ENDS)

    def open(self, user: User, lifetime: int, address: str = "", agent: str = "") -> tuple[str, Session]:
        """(token, session) that lives for `lifetime` µs. The token (64 hex digits) is shown here and never again."""
        opened = self.open_since(None, user, lifetime, address, agent)
        assert opened is not None
        return opened

    def open_since(self, moment: int | None, user: User, lifetime: int, address: str = "", agent: str = "") -> tuple[str, Session] | None:
        """As `open`; None when all sessions of the user were ended since that moment, here or by another process: what let them in may not
        be good any more."""
        now = self._clock()
        with self._database.transaction() as connection:
            if moment is not None and last_number(connection, f"{_ENDS}/{user.id}") > moment:
                return None
            number = next_number(connection, "sessions")
            token = self._entropy(f"session/{number}", TOKEN_BYTES).hex()
            session = Session(number, user.id, user.account, now, now + lifetime, address, agent[:AGENT_LENGTH], now)
            connection.execute(delete(sessions).where(sessions.c.expires <= now))
            row = {"id": number, "user_id": user.id, "token_hash": _digest(token), "created": now, "expires": session.expires}
            connection.execute(insert(sessions).values(**row, address=session.address, agent=session.agent, proved=now))
        self._read_again({number})
        for oldest in self.of(user)[MOST:]:
            self.revoke(oldest)
        return token, session

    def prove(self, session: Session) -> Session:
        """Whoever has it proved once more who they are: the session as it is now."""
        proved = replace(session, proved=self._clock())
        with self._database.transaction() as connection:
            connection.execute(update(sessions).where(sessions.c.id == session.id).values(proved=proved.proved))
        self._read_again({session.id})
        return proved

    def of(self, user: User) -> list[Session]:
        """The user's live sessions, newest first. From memory."""
        now = self._clock()
        mine = [session for session in self._by_hash.values() if session.user == user.id and session.expires > now]
        return sorted(mine, key=lambda session: session.id, reverse=True)

    def find(self, token: str) -> Session | None:
        """The session of that token, unless it expired or was revoked: one look into memory."""
        session = self._by_hash.get(_digest(token))
        return session if session is not None and self._clock() < session.expires else None

    def revoke(self, session: Session) -> None:
        """Logs out. Idempotent."""
        with self._database.transaction() as connection:
            connection.execute(delete(sessions).where(sessions.c.id == session.id))
        self._read_again({session.id})

    def revoke_all(self, user: User) -> None:
        """Logs the user out everywhere."""
        with self._database.transaction() as connection:
            connection.execute(delete(sessions).where(sessions.c.user_id == user.id))
            next_number(connection, f"{_ENDS}/{user.id}", at_least=next_number(connection, _ENDS))
        self._read_again({session.id for session in self._by_hash.values() if session.user == user.id})

    # --- memory ---------------------------------------------------------------------------------------------------------------

    def read(self, connection: Connection, ids: Collection[int] | None) -> list[Session]:
        """Reads these (None: all) from the tables again, inside a transaction; those that are live no more, for `tell`."""
        query = select(sessions, users.c.account).join(users, users.c.id == sessions.c.user_id)
        if ids is not None:
            if not ids:
                return []
            query = query.where(sessions.c.id.in_(ids))
        stored = {row.token_hash: _session(row) for row in connection.execute(query)}
        before, now = self._by_hash, self._clock()
        live = {key: session for key, session in before.items() if session.expires > now}
        gone = {key: session for key, session in live.items() if (ids is None or session.id in ids) and key not in stored}
        self._by_hash = {key: session for key, session in live.items() if key not in gone} | stored
        return list(gone.values())

    def tell(self, ended: Iterable[Session]) -> None:
        """Whoever follows ends hears of these."""
        for session in ended:
            for listener in tuple(self._ended):
                listener(session)

    def _read_again(self, ids: Collection[int]) -> None:
        with self._refreshing:
            with self._database.transaction() as connection:
                ended = self.read(connection, ids)
            self.tell(ended)


def _session(row: Row[Any]) -> Session:
    proved = row.proved or 0
    return Session(row.id, row.user_id, row.account, row.created, row.expires, row.address or "", row.agent or "", proved)


def _digest(token: str) -> bytes:
    # A plain hash is enough: the token is 256 random bits, there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
