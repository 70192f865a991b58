"""Logins: an opaque token for the browser, its hash for the file."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, select, update

from cambist.domain.units import AccountId

from .database import Database, next_number
from .tables import sessions, users
from .values import Clock, Entropy, User

TOKEN_BYTES = 32


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

    def __init__(self, database: Database, entropy: Entropy, clock: Clock) -> None:
        self._database = database
        self._entropy = entropy
        self._clock = clock
        self._ended: list[Callable[[Session], None]] = []
        self._changing = threading.Lock()
        self._ends = 0
        self._ended_for: dict[int, int] = {}
        """By user: which of all `revoke_all` was the last one of theirs."""
        with database.transaction() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires <= clock()))
            rows = connection.execute(select(sessions, users.c.account).join(users, users.c.id == sessions.c.user_id)).all()
        self._by_hash = {
            row.token_hash: Session(
                row.id, row.user_id, row.account, row.created, row.expires, row.address or "", row.agent or "", row.proved or 0
            )
            for row in rows
        }

    def follow_ends(self, listener: Callable[[Session], None]) -> None:
        """Calls back with every session that is revoked from here on, in the thread that did it; not with those that expire."""
        self._ended.append(listener)

    def moment(self) -> int:
        """For `open_since`: to be taken before somebody's password is looked at."""
        return self._ends

    def open_since(self, moment: int, user: User, lifetime: int, address: str = "", agent: str = "") -> tuple[str, Session] | None:
        """As `open`; None when all sessions of the user were ended since that moment: what let them in may not be good any more."""
        token, session = self.open(user, lifetime, address, agent)
        with self._changing:
            outdated = self._ended_for.get(user.id, 0) > moment
        if outdated:
            self.revoke(session)
        return None if outdated else (token, session)

    def open(self, user: User, lifetime: int, address: str = "", agent: str = "") -> tuple[str, Session]:
        """(token, session) that lives for `lifetime` µs. The token (64 hex digits) is shown here and never again."""
        now = self._clock()
        with self._database.transaction() as connection:
            number = next_number(connection, "sessions")
            token = self._entropy(f"session/{number}", TOKEN_BYTES).hex()
            session = Session(number, user.id, user.account, now, now + lifetime, address, agent[:AGENT_LENGTH], now)
            digest = _digest(token)
            connection.execute(delete(sessions).where(sessions.c.expires <= now))
            row = {"id": number, "user_id": user.id, "token_hash": digest, "created": now, "expires": session.expires}
            connection.execute(insert(sessions).values(**row, address=session.address, agent=session.agent, proved=now))
        with self._changing:
            self._by_hash = {**{key: value for key, value in self._by_hash.items() if value.expires > now}, digest: session}
        for oldest in self.of(user)[MOST:]:
            self.revoke(oldest)
        return token, session

    def prove(self, session: Session) -> Session:
        """Whoever has it proved once more who they are: the session as it is now."""
        proved = replace(session, proved=self._clock())
        with self._database.transaction() as connection:
            connection.execute(update(sessions).where(sessions.c.id == session.id).values(proved=proved.proved))
        with self._changing:
            self._by_hash = {key: proved if value.id == session.id else value for key, value in self._by_hash.items()}
        return proved

    def of(self, user: User) -> list[Session]:
        """The user's live sessions, newest first."""
        now = self._clock()
        mine = [session for session in self._by_hash.values() if session.user == user.id and session.expires > now]
        return sorted(mine, key=lambda session: session.id, reverse=True)

    def find(self, token: str) -> Session | None:
        """The session of that token, unless it expired or was revoked."""
        session = self._by_hash.get(_digest(token))
        return session if session is not None and self._clock() < session.expires else None

    def revoke(self, session: Session) -> None:
        """Logs out. Idempotent."""
        with self._database.transaction() as connection:
            connection.execute(delete(sessions).where(sessions.c.id == session.id))
        self._keep(lambda live: live.id != session.id)

    def revoke_all(self, user: User) -> None:
        """Logs the user out everywhere."""
        with self._database.transaction() as connection:
            connection.execute(delete(sessions).where(sessions.c.user_id == user.id))
        with self._changing:
            self._ends += 1
            self._ended_for[user.id] = self._ends
        self._keep(lambda live: live.user != user.id)

    def _keep(self, wanted: Callable[[Session], bool]) -> None:
        with self._changing:
            before = self._by_hash
            self._by_hash = {key: value for key, value in before.items() if wanted(value)}
        for session in before.values():
            if not wanted(session):
                for listener in tuple(self._ended):
                    listener(session)


def _digest(token: str) -> bytes:
    # A plain hash is enough: the token is 256 random bits, there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
