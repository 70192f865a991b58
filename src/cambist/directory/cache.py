"""Users and API keys in memory, for whoever must not wait for the tables: the event loop, and everybody while a database is away.

A row that may have changed is read again, inside a transaction: nothing can change between the look and what memory makes of it. So it
does not matter who reads what again how often, and memory ends where the tables do, whoever changed them.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from .tables import api_keys, users
from .values import ApiKey, DirectoryRejection, Role, User, parse_networks

Unseal = Callable[[int, bytes], str]
"""(key id, sealed secret) to the secret."""


class Cache:
    """Everybody, and every key that ever was. Changed under the directory's lock, read from any thread."""

    def __init__(self, unseal: Unseal) -> None:
        self._unseal = unseal
        self._users: dict[int, User] = {}
        self._by_name: dict[str, User] = {}
        self._by_account: dict[int, User] = {}
        self._keys: dict[int, ApiKey] = {}
        self._keys_of: dict[int, set[int]] = {}
        self._texts: dict[str, int] = {}
        self.live: dict[str, ApiKey] = {}
        """By their texts the keys that open something: neither revoked, nor of a user who is frozen or erased."""

    # --- looks ----------------------------------------------------------------------------------------------------------------

    def user(self, user_id: int) -> User | None:
        """Also an erased one."""
        return self._users.get(user_id)

    def named(self, name: str) -> User | None:
        """Without regard to case."""
        return self._by_name.get(name.lower())

    def of_account(self, account: int) -> User | None:
        """Also an erased one."""
        return self._by_account.get(account)

    def everybody(self) -> list[User]:
        """In order of creation, the erased ones too."""
        return sorted(self._users.values(), key=lambda user: user.id)

    def key(self, text: str) -> ApiKey | None:
        """Also one that opens nothing."""
        number = self._texts.get(text)
        return None if number is None else self._keys.get(number)

    def keys_of(self, user_id: int | None) -> list[ApiKey]:
        """In order of creation, of one user or of all, the revoked ones too."""
        numbers: Iterable[int] = list(self._keys) if user_id is None else list(self._keys_of.get(user_id, ()))
        return [key for number in sorted(numbers) if (key := self._keys.get(number)) is not None]

    # --- reading again --------------------------------------------------------------------------------------------------------

    def read(self, connection: Connection, of_users: Collection[int], of_keys: Collection[int]) -> list[ApiKey]:
        """Reads the rows with these ids again, and gives the keys that open nothing any more."""
        found = connection.execute(select(users).where(users.c.id.in_(of_users))) if of_users else ()
        stored = connection.execute(_KEYS.where(api_keys.c.id.in_(of_keys))) if of_keys else ()
        return self._taken(found, stored)

    def read_all(self, connection: Connection) -> list[ApiKey]:
        """Reads everything again, and gives the keys that open nothing any more. Rows are never taken out of the tables."""
        return self._taken(connection.execute(select(users)), connection.execute(_KEYS))

    def _taken(self, found: Iterable[Row[Any]], stored: Iterable[Row[Any]]) -> list[ApiKey]:
        touched: set[int] = set()
        for row in found:
            self._take_user(user_of(row))
            touched |= self._keys_of.get(row.id, set())
        for row in stored:
            self._take_key(row)
            touched.add(row.id)
        return [key for number in sorted(touched) if (key := self._ended(self._keys[number])) is not None]

    def _take_user(self, user: User) -> None:
        before = self._users.get(user.id)
        if before is not None and before.name and before.name.lower() != user.name.lower():
            self._by_name.pop(before.name.lower(), None)
        self._users[user.id] = self._by_account[user.account] = user
        if user.name:
            self._by_name[user.name.lower()] = user

    def _take_key(self, row: Row[Any]) -> None:
        before = self._keys.get(row.id)
        if before is not None and (before.revoked is not None or before.revoked == row.revoked):
            return  # nothing else of a key changes, and what was computed from its secret is kept with it
        networks = parse_networks(row.ip_allow.split())
        assert not isinstance(networks, DirectoryRejection)
        secret = self._unseal(row.id, row.secret) if row.secret is not None else ""
        scopes = frozenset(row.scopes.split())
        key = ApiKey(row.id, row.user_id, row.account, row.dialect, row.key, secret, scopes, networks, row.created, row.revoked)
        self._keys[key.id] = key
        self._keys_of.setdefault(key.user, set()).add(key.id)
        self._texts[key.key] = key.id

    def _ended(self, key: ApiKey) -> ApiKey | None:
        """Has `live` say whether the key opens something; the key as it was when it did and does no more."""
        user = self._users.get(key.user)
        if key.revoked is None and user is not None and user.frozen is None and user.erased is None:
            self.live[key.key] = key
            return None
        return self.live.pop(key.key, None)


_KEYS = select(api_keys, users.c.account).join(users, users.c.id == api_keys.c.user_id)


def user_of(row: Row[Any]) -> User:
    """A row of the table."""
    return User(row.id, row.name or "", row.account, row.created, row.erased, row.frozen, Role(row.role) if row.role else None)
