"""What the tests of all dialects share."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.floor import TradingFloor, make_empty_files
from tests.support.history_places import PostgresPlace
from tests.support.postgresql import postgresql

__all__ = ["postgresql"]


@pytest.fixture(scope="session")
def empty_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    make_empty_files(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path, empty_files: Path) -> Path:
    """The files of a venue in which nothing happened yet."""
    return Path(shutil.copytree(empty_files, tmp_path / "venue"))


@pytest.fixture(autouse=True)
def _history_place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With CAMBIST_TEST_HISTORY=postgresql the floors' histories are there: `test_history_in_postgresql.py`."""
    if os.environ.get("CAMBIST_TEST_HISTORY") == "postgresql":
        server = request.getfixturevalue("postgresql")
        monkeypatch.setattr(TradingFloor, "new_history_place", staticmethod(lambda _folder: PostgresPlace(server)))
