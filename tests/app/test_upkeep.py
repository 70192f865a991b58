"""`verify` finds every kind of damage and names the place; `rebuild` makes the same history again."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cambist.app.errors import Exit
from tests.support.processes import cambist, serving
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped sandbox in which something happened."""
    directory = tmp_path_factory.mktemp("traded")
    with serving(directory, "sandbox", "--data", directory / "venue", "--seed", "2") as running:
        wait_until(lambda: running.metric("cambist_durable_seq") > 600)
    return directory / "venue"


@pytest.fixture
def copy(traded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(traded, tmp_path / "venue"))


def journal_files(data: Path) -> list[Path]:
    """Segments with content, in order."""
    return sorted(path for path in (data / "journal").iterdir() if path.is_file() and path.stat().st_size > 4096)


def flip(file: Path, offset: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)
        opened.seek(offset)
        opened.write(bytes([byte[0] ^ 0x10]))


def test_a_good_directory_is_well(copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    answer = cambist("verify", "--data", copy)
    assert answer.returncode == 0, answer.stderr
    assert "All is well." in answer.stdout
    assert "USD" in answer.stdout
    found = json.loads(cambist("verify", "--data", copy, "--json").stdout)
    assert found["commands"] > 500
    assert found["snapshots"] >= 1
    assert {row["sum"] for row in found["assets"]} == {"0"}
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_a_running_venue_can_be_verified(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "sandbox", "--data", data):
        for _ in range(3):
            answer = cambist("verify", "--data", data)
            assert answer.returncode == 0, answer.stderr


def test_a_flipped_bit_in_the_journal_is_found_and_nothing_starts(copy: Path) -> None:
    file = journal_files(copy)[0]
    flip(file, 9000)
    answer = cambist("verify", "--data", copy)
    assert answer.returncode == Exit.DAMAGED
    assert str(file) in answer.stderr
    assert "offset" in answer.stderr
    assert "Traceback" not in answer.stderr
    served = cambist("serve", "--data", copy, "--port", "0")
    assert served.returncode == Exit.DAMAGED
    assert str(file) in served.stderr


def test_a_missing_segment_is_found(copy: Path) -> None:
    for path in journal_files(copy):
        path.unlink()
    answer = cambist("verify", "--data", copy)
    assert answer.returncode == Exit.DAMAGED, answer.stdout
    assert cambist("serve", "--data", copy, "--port", "0").returncode == Exit.DAMAGED


def test_a_missing_journal_is_found(copy: Path) -> None:
    shutil.rmtree(copy / "journal")
    answer = cambist("verify", "--data", copy)
    assert answer.returncode == Exit.DAMAGED
    assert "journal" in answer.stderr
    assert cambist("serve", "--data", copy, "--port", "0").returncode == Exit.DAMAGED


def test_a_damaged_snapshot_is_found_but_the_venue_starts_without_it(copy: Path, tmp_path: Path) -> None:
    snapshot = max((copy / "snapshots").glob("*.snapshot"))
    flip(snapshot, snapshot.stat().st_size // 2)
    answer = cambist("verify", "--data", copy)
    assert answer.returncode == Exit.DAMAGED
    assert str(snapshot) in answer.stderr
    with serving(tmp_path, "sandbox", "--data", copy, "--quiet"):
        pass


def test_a_wrong_master_key_is_a_sentence(copy: Path) -> None:
    (copy / "master.key").write_text("00" * 32 + "\n")
    answer = cambist("sandbox", "--data", copy, "--port", "0")
    assert answer.returncode == Exit.DAMAGED
    assert "master key" in answer.stderr
    assert "Traceback" not in answer.stderr


def rows(file: Path) -> dict[str, list[Any]]:
    """Everything in an SQLite file, table by table; cells as text, since SQLite takes 7 and '7' for one number."""
    with sqlite3.connect(file) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {table: sorted([str(cell) for cell in row] for row in connection.execute(f"SELECT * FROM {table}")) for table in tables}


@pytest.mark.parametrize("loss", ["nothing", "history", "snapshots", "everything that can be rebuilt"])
def test_rebuilding_gives_the_same_history(loss: str, copy: Path) -> None:
    before = {name: rows(copy / name) for name in ("history.sqlite", "wallet.sqlite")}
    if loss in {"history", "everything that can be rebuilt"}:
        (copy / "history.sqlite").unlink()
    if loss in {"snapshots", "everything that can be rebuilt"}:
        shutil.rmtree(copy / "snapshots")
    answer = cambist("rebuild", "--data", copy)
    assert answer.returncode == 0, answer.stderr
    assert "made again" in answer.stdout
    after = {name: rows(copy / name) for name in before}
    for name, tables in before.items():
        assert after[name].keys() == tables.keys()
        for table, content in tables.items():
            if table != "alembic_version":
                assert after[name][table] == content, f"{name}: {table}"


def test_a_running_venue_is_not_rebuilt(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--data", tmp_path / "venue", "--quiet"):
        answer = cambist("rebuild", "--data", tmp_path / "venue")
        assert answer.returncode == Exit.BUSY
