from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.history.port import HistoryWrites, StoreReads
from tests.history.scenes import Venue
from tests.support.history_places import HistoryPlace, new_place
from tests.support.postgresql import postgresql

__all__ = ["postgresql"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file for what only SQLite is tested for."""
    return tmp_path / "history.sqlite"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> HistoryPlace:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return new_place(request.param, tmp_path, server)


@pytest.fixture
def writes(place: HistoryPlace) -> Iterator[HistoryWrites]:
    store = place.writes()
    yield store
    store.close()


@pytest.fixture
def reads(writes: HistoryWrites, place: HistoryPlace) -> Iterator[StoreReads]:
    store = place.reads()
    yield store
    store.close()


@pytest.fixture
def venue() -> Venue:
    return Venue()
