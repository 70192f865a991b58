"""The file: made fast, owned by one, migrated when old, refused when wrong, whole after a kill."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from cambist.directory import (
    MAX_NONCE,
    ApiKey,
    Directory,
    DirectoryBusy,
    DirectoryUnreadable,
    MasterKeyUnsafe,
    MasterKeyWrong,
    User,
    load_or_create_master_key,
)
from cambist.directory.migrations import configuration, upgrade
from cambist.directory.tables import REVISION, metadata
from tests.directory.conftest import NOON, SECOND, Place, seeded


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


def test_a_second_opener_is_told_who_is_in_the_way(place: Place, directory: Directory) -> None:
    with pytest.raises(DirectoryBusy, match=r"directory\.sqlite is in use by another process.*admin socket"):
        place.open()
    directory.close()
    place.open()


def test_another_process_is_told_too(place: Place, directory: Directory) -> None:
    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('SELECT * FROM users')"
    tried = subprocess.run([sys.executable, "-c", code, str(place.file)], capture_output=True, text=True)
    assert "database is locked" in tried.stderr


def test_the_file_is_for_its_owner_only(place: Place, directory: Directory) -> None:
    for path in place.folder.glob("directory.sqlite*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_fresh_directory_needs_no_alembic(place: Place) -> None:
    code = textwrap.dedent(f"""
        import sys
        from cambist.directory import Directory
        for _ in range(2):
            Directory.open({str(place.file)!r}, bytes(32), lambda label, length: bytes(length), lambda: 1).close()
        print("alembic" in sys.modules)
    """)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_migrating_from_nothing_gives_the_same_tables_as_a_fresh_file(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    engines = [create_engine(f"sqlite:///{tmp_path / name}") for name in ("fresh", "migrated")]
    with engines[0].begin() as fresh, engines[1].begin() as migrated:
        metadata.create_all(fresh)
        upgrade(migrated, "migrated")
        assert compare_metadata(MigrationContext.configure(migrated), metadata) == []
        for table in metadata.tables:
            for look in (
                "get_columns",
                "get_check_constraints",
                "get_unique_constraints",
                "get_foreign_keys",
                "get_indexes",
                "get_pk_constraint",
            ):
                seen = [getattr(inspect(connection), look)(table) for connection in (fresh, migrated)]
                assert _sorted(seen[0]) == _sorted(seen[1]), (table, look)
    for engine in engines:
        engine.dispose()
    assert ScriptDirectory.from_config(configuration()).get_current_head() == REVISION


def _sorted(found: object) -> object:
    return sorted(map(str, found)) if isinstance(found, list) else str(found)


def test_an_older_file_is_migrated_when_opened(place: Place) -> None:
    with sqlite3.connect(place.file) as old:
        old.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    old.close()
    migrated = place.open()
    assert isinstance(migrated.add_user("alice", "correct horse", 16), User)
    migrated.close()
    with sqlite3.connect(place.file) as now:
        assert now.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISION,)]
    now.close()


def test_once_only_nonces_of_an_older_file_stay_used(place: Place) -> None:
    from alembic import command

    engine = create_engine(f"sqlite:///{place.file}")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0009")
        rows = [(1, 5, NOON + SECOND), (1, 7, NOON + 2 * SECOND), (2, MAX_NONCE, NOON + SECOND)]
        for key_id, nonce, until in rows:
            connection.execute(text(f"INSERT INTO used_nonces VALUES ({key_id}, {nonce}, {until})"))
    engine.dispose()
    nonces = place.open().nonces
    asked = [(key_id, nonce) for key_id in (1, 2) for nonce in (5, 7, MAX_NONCE)]
    accepted = [asked_of for asked_of in asked if nonces.judge(asked_of[0], -asked_of[1])]
    assert accepted == [(1, MAX_NONCE), (2, 5), (2, 7)]


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, None], ids=["noise", "a database of something else"])
def test_a_file_that_is_no_directory_is_refused_and_left_alone(place: Place, content: bytes | None) -> None:
    if content is not None:
        place.file.write_bytes(content)
    else:
        with sqlite3.connect(place.file) as other:
            other.execute("CREATE TABLE songs (title TEXT)")
        other.close()
    with pytest.raises(DirectoryUnreadable, match=r"directory\.sqlite"):
        place.open()
    if content is not None:
        assert place.file.read_bytes() == content


def test_a_file_of_a_newer_program_is_refused(place: Place, directory: Directory) -> None:
    directory.close()
    with sqlite3.connect(place.file) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    with pytest.raises(DirectoryUnreadable, match="newer program"):
        place.open()


def test_the_wrong_master_key_is_refused_before_anything_is_read(place: Place, directory: Directory, key: ApiKey) -> None:
    directory.close()
    with pytest.raises(MasterKeyWrong, match="restore the right key file"):
        place.open(master_key=bytes(32))
    assert place.open().find_key(key.key) == key, "and the file is free and unharmed"


def test_a_sealed_secret_cannot_be_moved_to_another_key(place: Place, directory: Directory, alice: User, key: ApiKey) -> None:
    from tests.directory.conftest import FORM

    directory.mint_key(alice, FORM, {"info"})
    directory.close()
    with sqlite3.connect(place.file) as forger:
        forger.execute("UPDATE api_keys SET secret = (SELECT secret FROM api_keys WHERE id = 1) WHERE id = 2")
    forger.close()
    with pytest.raises(MasterKeyWrong, match="api-key/2"):
        place.open()


def test_what_was_answered_before_a_kill_is_there_after_it(place: Place) -> None:
    code = textwrap.dedent(f"""
        import hashlib, sys
        from cambist.directory import *
        entropy = lambda label, length: hashlib.shake_256(label.encode()).digest(length)
        directory = Directory.open({str(place.file)!r}, bytes(32), entropy, lambda: 1, cheap_password_hasher())
        form = KeyForm("btce", lambda entropy: (entropy("key", 10).hex(), entropy("secret", 10).hex()))
        for number in range(10_000):
            user = directory.add_user(f"user{{number}}", "correct horse", 16 + number)
            key = directory.mint_key(user, form, ["info"])
            directory.nonces.accept(key.id, number + 1)
            directory.nonces.flush(number + 1)
            print(key.key, flush=True)
    """)
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    answered = [running.stdout.readline().strip() for _ in range(20)]
    os.kill(running.pid, signal.SIGKILL)
    answered += [line.strip() for line in running.stdout if line.endswith("\n")]
    running.wait()
    running.stdout.close()

    opened = place.open(master_key=bytes(32))
    found = [opened.find_key(text) for text in answered]
    assert all(key is not None for key in found)
    assert [opened.nonces.last(key.id) for key in found if key] == list(range(1, len(answered) + 1))
    assert len(answered) <= opened.nonces.applied_seq + 1 <= len(answered) + 2
    assert [user.name for user in opened.users()][: len(answered)] == [f"user{number}" for number in range(len(answered))]


# --- the master key's file --------------------------------------------------------------------------------------------------
def test_a_master_key_is_made_once_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = load_or_create_master_key(path, seeded("one"))
    assert len(made) == 32
    assert load_or_create_master_key(path, seeded("two")) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["master.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666])
def test_a_master_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    load_or_create_master_key(path, seeded("one"))
    path.chmod(mode)
    with pytest.raises(MasterKeyUnsafe, match=rf"mode {mode:04o}.*chmod 600"):
        load_or_create_master_key(path, seeded("one"))


@pytest.mark.parametrize("content", [b"", b"hello", b"ab" * 31, b"ab" * 33, b"\xff" * 64])
def test_a_file_that_holds_no_key_is_refused_and_never_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(MasterKeyUnsafe, match="64 hexadecimal digits"):
        load_or_create_master_key(path, seeded("one"))
    assert path.read_bytes() == content


def test_a_master_key_may_be_readable_by_its_owner_alone_and_not_writable(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = load_or_create_master_key(path, seeded("one"))
    path.chmod(0o400)
    assert load_or_create_master_key(path, seeded("one")) == made
