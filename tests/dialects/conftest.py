"""What the tests of all dialects share."""

import shutil
from pathlib import Path

import pytest

from tests.support.floor import make_empty_files


@pytest.fixture(scope="session")
def empty_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    make_empty_files(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path, empty_files: Path) -> Path:
    """The files of a venue in which nothing happened yet."""
    return Path(shutil.copytree(empty_files, tmp_path / "venue"))
