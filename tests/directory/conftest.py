"""A directory in a real file, with a clock that is turned by hand and entropy that follows from its labels."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher

from cambist.directory import ApiKey, Directory, Entropy, KeyForm, User, cheap_password_hasher
from cambist.directory.copying import opened_file
from cambist.directory.postgresql import PostgresDatabase
from cambist.postgresql.server import Address, address_of
from tests.support.postgresql import Server, postgresql

__all__ = ["postgresql"]

NOON = 1_795_000_000_000_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
PASSWORD = "correct horse"


class HandClock:
    """µs that move only when told."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


def seeded(seed: str) -> Entropy:
    """A sandbox's kind of entropy: a function of seed and label."""
    return lambda label, length: hashlib.shake_256(f"{seed}/{label}".encode()).digest(length)


def make_key(entropy: Entropy) -> tuple[str, str]:
    return entropy("key", 10).hex().upper(), entropy("secret", 32).hex()


FORM = KeyForm("btce", make_key, frozenset({"info", "trade", "withdraw"}))


class Place:
    """Where a directory can be opened, closed and killed again and again: a data directory, or a database of `server`."""

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.folder = folder
        self.server = server
        self.database = server.new_database() if server is not None else ""
        self.file = folder / "directory.sqlite"
        self.clock = HandClock()
        self.entropy = seeded("seed 7")
        self.master_key = bytes(range(32))
        self._opened: list[Directory] = []

    def open(self, master_key: bytes | None = None, hasher: PasswordHasher | None = None) -> Directory:
        key, hasher = master_key or self.master_key, hasher or cheap_password_hasher()
        if self.server is None:
            opened = Directory.open(self.file, key, self.entropy, self.clock, hasher, busy_timeout=0.05)
        else:
            opened = Directory.over(PostgresDatabase(self.address), key, self.entropy, self.clock, hasher)
        self._opened.append(opened)
        return opened

    @property
    def address(self) -> Address:
        assert self.server is not None
        return address_of(self.server.url(self.database))

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """A statement of somebody else's in the database, which the opened directory does not know of."""
        assert self.server is not None
        url = self.server.url(self.database, options="-csearch_path%3Dpublic_directory")
        with psycopg.connect(url, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def octets(self) -> bytes:
        """Everything that lies on the disk; of a database, all that its tables have."""
        if self.server is None:
            return b"".join(path.read_bytes() for path in sorted(self.folder.glob("directory.sqlite*")))
        copy = self.copy()
        octets = copy.read_bytes()
        copy.unlink()
        return octets

    def copy(self) -> Path:
        """A copy, made while no directory is open, as a file."""
        copy = self.folder / "copy.sqlite"
        if self.server is None:
            shutil.copy(self.file, copy)
        else:
            database = PostgresDatabase(self.address)
            database.copy_to(copy)
            database.close()
        return copy

    def put_back(self, copy: Path) -> None:
        """Has a copy stand in the place of what there is, while no directory is open."""
        if self.server is None:
            copy.rename(self.file)
            for suffix in ("-wal", "-shm"):
                self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
            return
        self.database = self.server.new_database()
        database = PostgresDatabase(self.address)
        with opened_file(copy) as source:
            database.take_over(source)
        database.close()

    def close(self) -> None:
        for opened in self._opened:
            opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, request.getfixturevalue("postgresql") if request.param == "postgresql" else None)
    yield place
    place.close()


@pytest.fixture
def directory(place: Place) -> Directory:
    return place.open()


@pytest.fixture
def alice(directory: Directory) -> User:
    user = directory.add_user("alice", PASSWORD, 16)
    assert isinstance(user, User)
    return user


@pytest.fixture
def key(directory: Directory, alice: User) -> ApiKey:
    minted = directory.mint_key(alice, FORM, {"info", "trade"})
    assert isinstance(minted, ApiKey)
    return minted
