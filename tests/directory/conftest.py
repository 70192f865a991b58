"""A directory in a real file, with a clock that is turned by hand and entropy that follows from its labels."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.directory import ApiKey, Directory, Entropy, KeyForm, User, cheap_password_hasher

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
    """A data directory in which a directory can be opened, closed and killed again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "directory.sqlite"
        self.clock = HandClock()
        self.entropy = seeded("seed 7")
        self.master_key = bytes(range(32))
        self._opened: list[Directory] = []

    def open(self, master_key: bytes | None = None) -> Directory:
        opened = Directory.open(
            self.file, master_key or self.master_key, self.entropy, self.clock, cheap_password_hasher(), busy_timeout=0.05
        )
        self._opened.append(opened)
        return opened

    def octets(self) -> bytes:
        """Everything that lies on the disk."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("directory.sqlite*")))

    def close(self) -> None:
        for opened in self._opened:
            opened.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
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
