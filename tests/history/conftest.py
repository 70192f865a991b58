from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.history.sqlite import SqliteReads, SqliteWrites
from tests.history.scenes import Venue


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def writes(path: Path) -> Iterator[SqliteWrites]:
    store = SqliteWrites(path)
    yield store
    store.close()


@pytest.fixture
def reads(writes: SqliteWrites, path: Path) -> Iterator[SqliteReads]:
    store = SqliteReads(path)
    yield store
    store.close()


@pytest.fixture
def venue() -> Venue:
    return Venue()
