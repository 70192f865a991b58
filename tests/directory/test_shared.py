"""A directory in PostgreSQL that several processes have open: what one changes the others know, and what happens while it is away."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from cambist.directory import (
    ApiKey,
    Directory,
    DirectoryBusy,
    DirectoryError,
    DirectoryRejection,
    DirectoryUnavailable,
    DirectoryUnreadable,
    LoginRejection,
    MasterKeyWrong,
    Passkey,
    Role,
    Session,
    User,
    following,
)
from cambist.directory.copying import opened_file
from cambist.directory.migrations import upgrade
from cambist.directory.postgresql import PostgresDatabase
from cambist.directory.tables import metadata
from cambist.postgresql import server
from tests.directory.conftest import FORM, HOUR, PASSWORD, Place
from tests.support.postgresql import Server
from tests.support.waiting import wait_until


@pytest.fixture
def place(postgresql: Server, tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, postgresql)
    yield place
    place.close()


@pytest.fixture
def here(place: Place) -> Directory:
    return place.open()


@pytest.fixture
def there(place: Place, here: Directory) -> Directory:
    """What another process has."""
    return place.open()


def minted(directory: Directory, user: User) -> ApiKey:
    key = directory.mint_key(user, FORM, {"info"}, ["192.0.2.0/24"])
    assert isinstance(key, ApiKey)
    return key


@pytest.fixture
def alice(here: Directory, there: Directory) -> User:
    user = here.add_user("Alice", PASSWORD, 16)
    assert isinstance(user, User)
    wait_until(lambda: there.user("alice") == user)
    return user


@pytest.fixture
def key(here: Directory, there: Directory, alice: User) -> ApiKey:
    key = minted(here, alice)
    wait_until(lambda: there.find_key(key.key) == key)
    return key


# --- what one changes, the others know --------------------------------------------------------------------------------------


def test_everything_about_a_user_and_a_key_gets_there(here: Directory, there: Directory, alice: User, key: ApiKey) -> None:
    known = there.find_key(key.key)
    assert known is not None
    assert (known.secret, known.scopes, known.ip_allow) == (key.secret, key.scopes, key.ip_allow)
    assert there.user_by_account(16) == alice
    assert there.users() == [alice]
    assert there.verify_password("ALICE", PASSWORD) == alice


SHUT_OUT: list[tuple[str, Callable[[Directory, User, ApiKey], object]]] = [
    ("its key is revoked", lambda here, _, key: here.revoke(key)),
    ("its user is frozen", lambda here, alice, _: here.freeze(alice)),
    ("its user is erased", lambda here, alice, _: here.erase_user(alice)),
]


@pytest.mark.parametrize(("situation", "change"), SHUT_OUT, ids=[situation for situation, _ in SHUT_OUT])
def test_whoever_speaks_for_a_key_elsewhere_hears_when(
    situation: str, change: Callable[[Directory, User, ApiKey], object], here: Directory, there: Directory, alice: User, key: ApiKey
) -> None:
    heard_here: list[ApiKey] = []
    heard_there: list[ApiKey] = []
    here.follow_revocations(heard_here.append)
    there.follow_revocations(heard_there.append)
    change(here, alice, key)
    assert heard_here == [key], "told before the change returns, and once"
    wait_until(lambda: bool(heard_there))
    assert there.find_key(key.key) is None
    assert heard_there == [key]


def test_an_unfrozen_users_keys_open_again_everywhere(here: Directory, there: Directory, alice: User, key: ApiKey) -> None:
    here.freeze(alice)
    wait_until(lambda: there.find_key(key.key) is None)
    assert there.stored_key(key.key) == key
    there.unfreeze(alice)
    assert there.find_key(key.key) == key
    wait_until(lambda: here.find_key(key.key) == key)


def test_a_role_is_had_everywhere(here: Directory, there: Directory, alice: User) -> None:
    here.set_role(alice, Role.OPERATOR)
    wait_until(lambda: there.role(alice.id) is Role.OPERATOR)
    assert [user.id for user in there.operators()] == [alice.id]
    there.set_role(alice, None)
    wait_until(lambda: here.role(alice.id) is None)


def test_a_session_is_good_everywhere_until_it_is_ended_anywhere(here: Directory, there: Directory, alice: User) -> None:
    ended: list[Session] = []
    there.sessions.follow_ends(ended.append)
    token, session = here.sessions.open(alice, HOUR, "192.0.2.7", "a browser\0 of some kind")
    wait_until(lambda: there.sessions.find(token) == session)
    proved = there.sessions.prove(session)
    wait_until(lambda: here.sessions.find(token) == proved)
    here.sessions.revoke(session)
    wait_until(lambda: there.sessions.find(token) is None)
    wait_until(lambda: ended == [proved])


def test_a_sessions_end_by_time_is_told_to_nobody(place: Place, here: Directory, there: Directory, alice: User) -> None:
    ended: list[Session] = []
    there.sessions.follow_ends(ended.append)
    old, _ = here.sessions.open(alice, HOUR)
    wait_until(lambda: there.sessions.find(old) is not None)
    place.clock.now += HOUR
    token, _ = here.sessions.open(alice, HOUR)  # takes those that ended out of the tables
    wait_until(lambda: there.sessions.find(token) is not None)
    assert there.sessions.find(old) is None
    assert ended == []


def test_a_password_and_its_guesses_are_counted_in_one_place(here: Directory, there: Directory, alice: User) -> None:
    found = [directory.authenticate("alice", "wrong horse", address="192.0.2.9") for directory in (here, there) * 3]
    assert found == [LoginRejection.WRONG] * 5 + [LoginRejection.PAUSED]
    here.set_password(alice, "another horse")
    assert there.verify_password("alice", PASSWORD) is None
    assert there.verify_password("alice", "another horse") == alice


def test_nonces_never_go_down(here: Directory, there: Directory, key: ApiKey, place: Place) -> None:
    for directory, nonce, seq in ((here, 90, 7), (there, 50, 9)):
        assert directory.nonces.accept(key.id, nonce)
        directory.nonces.flush(seq)
    again = place.open()
    assert (again.nonces.last(key.id), again.nonces.applied_seq) == (90, 9)


def test_each_node_remembers_a_line_of_its_own_audit_log(place: Place) -> None:
    opened = {
        node: Directory.over(PostgresDatabase(place.address), place.master_key, place.entropy, place.clock, node=node)
        for node in ("one", "two")
    }
    for number, (node, directory) in enumerate(opened.items()):
        directory.audit_memory.remember((number, f"line of {node}"))
        directory.close()
    again = Directory.over(PostgresDatabase(place.address), place.master_key, place.entropy, place.clock, node="one")
    assert again.audit_memory.line == (0, "line of one")
    again.close()


def test_who_adds_the_same_at_once_gets_it_once(here: Directory, there: Directory) -> None:
    with ThreadPoolExecutor(8) as threads:
        tried = list(threads.map(lambda n: (here, there)[n % 2].add_user(f"user-{n // 4}", PASSWORD, 16 + n), range(24)))
    users = [found for found in tried if isinstance(found, User)]
    assert sorted(user.name for user in users) == sorted(f"user-{n}" for n in range(6))
    assert len({user.id for user in users}) == 6
    assert {found for found in tried if not isinstance(found, User)} == {DirectoryRejection.NAME_TAKEN}


def test_many_changes_at_once_are_all_heard(here: Directory, there: Directory, alice: User) -> None:
    bob = here.add_user("bob", PASSWORD, 17)
    assert isinstance(bob, User)
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda n: minted((here, there)[n % 2], (alice, bob)[n % 2]), range(40)))
        list(threads.map(lambda n: (there, here)[n % 2].revoke(keys[n]), range(0, 40, 3)))
    assert len({key.id for key in keys}) == 40
    live = {key.key for number, key in enumerate(keys) if number % 3}
    wait_until(lambda: all({key.key for key in keys if each.find_key(key.key) is not None} == live for each in (here, there)))


def test_texts_with_any_character_are_kept(here: Directory, there: Directory, alice: User) -> None:
    name = 'a "phone"\\ \0 \x1f ☎'
    assert isinstance(here.passkeys.add(alice, name, "x.example", b"id", b"key", 0, synced=False), Passkey)
    assert [passkey.name for passkey in there.passkeys.of(alice)] == [name]
    assert there.search("a\0b") == []


# --- when notifications, changes or the database are gone -------------------------------------------------------------------


def test_what_changed_while_the_connection_was_cut_is_heard_after_it(place: Place, here: Directory, there: Directory, key: ApiKey) -> None:
    assert place.server is not None
    place.server.cut_connections(place.database)
    here.revoke(key)
    wait_until(lambda: there.find_key(key.key) is None)


def test_a_change_that_nobody_was_notified_of_is_found(place: Place, here: Directory, there: Directory, alice: User, key: ApiKey) -> None:
    place.execute("ALTER TABLE users DISABLE TRIGGER noted")
    place.execute("UPDATE users SET frozen = 1; UPDATE counters SET last = last + 1 WHERE name = 'changes'")
    place.execute(f"INSERT INTO changes SELECT last, 'users', {alice.id} FROM counters WHERE name = 'changes'")
    wait_until(lambda: here.find_key(key.key) is None and there.find_key(key.key) is None)


def test_whoever_missed_more_than_the_log_keeps_reads_everything_again(
    place: Place, here: Directory, there: Directory, alice: User, key: ApiKey
) -> None:
    place.execute("ALTER TABLE users DISABLE TRIGGER noted")
    place.execute("UPDATE users SET frozen = 1; UPDATE counters SET last = last + 50 WHERE name = 'changes'")
    wait_until(lambda: here.find_key(key.key) is None and there.find_key(key.key) is None)


def test_the_log_of_changes_does_not_grow_for_ever(
    place: Place, here: Directory, there: Directory, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "KEPT", 10)
    monkeypatch.setattr(following, "FORGET_EVERY", 5)
    for _ in range(20):
        here.revoke(minted(here, alice))
    last = minted(here, alice)
    wait_until(lambda: there.find_key(last.key) is not None)
    wait_until(lambda: place.execute("SELECT count(*) FROM changes")[0][0] <= 25)


def test_an_older_database_in_its_place_is_read_anew(place: Place, here: Directory, there: Directory, alice: User, key: ApiKey) -> None:
    place.execute("ALTER TABLE api_keys DISABLE TRIGGER noted; UPDATE api_keys SET revoked = 1, secret = NULL")
    place.execute("UPDATE counters SET last = 1 WHERE name = 'changes'; DELETE FROM changes WHERE number > 1")
    wait_until(lambda: there.find_key(key.key) is None)


CHANGES_AND_QUESTIONS: list[tuple[str, Callable[[Directory, User, ApiKey], object]]] = [
    ("a login", lambda directory, *_: directory.authenticate("alice", PASSWORD)),
    ("a new user", lambda directory, *_: directory.add_user("bob", PASSWORD, 17)),
    ("a new key", lambda directory, alice, _: directory.mint_key(alice, FORM, {"info"})),
    ("a revocation", lambda directory, _, key: directory.revoke(key)),
    ("a new session", lambda directory, alice, _: directory.sessions.open(alice, HOUR)),
    ("a one-time code", lambda directory, alice, _: directory.login.check_code(alice, "123456")),
    ("a search", lambda directory, *_: directory.search("a")),
    ("a mark", lambda directory, *_: directory.nonces.flush(9)),
]


@pytest.mark.parametrize(("what", "asked"), CHANGES_AND_QUESTIONS, ids=[what for what, _ in CHANGES_AND_QUESTIONS])
def test_while_it_is_away_what_is_known_goes_on_and_the_rest_says_so(
    what: str, asked: Callable[[Directory, User, ApiKey], object], place: Place, there: Directory, alice: User, key: ApiKey
) -> None:
    token, session = there.sessions.open(alice, HOUR)
    assert place.server is not None
    with place.server.without_connections(place.database):
        with pytest.raises(DirectoryUnavailable, match=r"postgresql://postgres@.*, which has the directory, is away"):
            asked(there, alice, key)
        assert there.find_key(key.key) == key
        assert there.sessions.find(token) == session
        assert there.user("alice") == alice
        assert there.nonces.accept(key.id, 9)
    wait_until(lambda: _answers(there, alice, key, asked))


def _answers(directory: Directory, alice: User, key: ApiKey, asked: Callable[[Directory, User, ApiKey], object]) -> bool:
    try:
        asked(directory, alice, key)
    except DirectoryUnavailable:
        return False
    return True


def test_a_server_that_stands_still_is_waited_for_in_vain_and_not_for_long(
    place: Place, there: Directory, alice: User, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.Connection, "patience", 0.5)
    monkeypatch.setattr(server, "CONNECT_SECONDS", 2)
    assert place.server is not None
    with place.server.frozen():
        for _ in range(3):
            with pytest.raises(DirectoryUnavailable):
                there.authenticate("alice", PASSWORD)
        assert there.find_key(key.key) == key
    wait_until(lambda: _answers(there, alice, key, lambda directory, *_: directory.authenticate("alice", PASSWORD)))


def test_whoever_stands_still_in_a_transaction_does_not_keep_the_others_out(place: Place, here: Directory, alice: User) -> None:
    lock = "SELECT pg_advisory_xact_lock(1667329380, hashtext('public_directory'))"
    assert place.server is not None
    with place.server.inside(place.database, lock), pytest.raises(DirectoryUnavailable, match="busy"):
        here.sessions.open(alice, HOUR)
    here.sessions.open(alice, HOUR)
    assert place.execute("SELECT setting FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'") is not None


# --- opening ----------------------------------------------------------------------------------------------------------------


def test_two_that_open_an_empty_database_at_once_make_one_directory(place: Place) -> None:
    opened: list[Directory] = []
    threads = [threading.Thread(target=lambda: opened.append(place.open())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4


def test_it_lies_beside_other_tables_of_the_same_database(place: Place) -> None:
    assert place.server is not None
    place.server.execute(place.database, "CREATE TABLE users (song TEXT); CREATE TABLE alembic_version (version_num TEXT)")
    assert isinstance(place.open().add_user("alice", PASSWORD, 16), User)
    assert place.server.execute(place.database, "SELECT count(*) FROM public.users") == [(0,)]


def test_a_database_that_is_away_is_said_to_be(place: Place) -> None:
    assert place.server is not None
    with place.server.without_connections(place.database), pytest.raises(DirectoryUnavailable, match="is away"):
        place.open()


REFUSED: list[tuple[str, str, str]] = [
    ("tables of something else", "DROP TABLE alembic_version", "other tables where the directory's ought to be"),
    ("a newer program's", "UPDATE alembic_version SET version_num = '9999'", "newer program"),
]


@pytest.mark.parametrize(("what", "statement", "words"), REFUSED, ids=[what for what, _, _ in REFUSED])
def test_refused(what: str, statement: str, words: str, place: Place) -> None:
    place.open().close()
    place.execute(statement)
    with pytest.raises(DirectoryUnreadable, match=words):
        place.open()


def test_another_master_key_is_refused(place: Place, here: Directory) -> None:
    with pytest.raises(MasterKeyWrong, match="restore the right key file"):
        place.open(master_key=bytes(32))


LOOKS = ("get_columns", "get_check_constraints", "get_unique_constraints", "get_foreign_keys", "get_indexes", "get_pk_constraint")


def test_migrating_from_nothing_gives_the_same_tables_as_a_fresh_database(postgresql: Server) -> None:
    engines = [create_engine(postgresql.url(postgresql.new_database()).replace("postgresql://", "postgresql+psycopg://")) for _ in range(2)]
    with engines[0].begin() as fresh, engines[1].begin() as migrated:
        metadata.create_all(fresh)
        upgrade(migrated, "migrated")
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


def _sorted(found: object) -> object:
    return sorted(map(str, found)) if isinstance(found, list) else str(found)


# --- from a file and into one -----------------------------------------------------------------------------------------------


def test_a_copy_is_a_directory_in_a_file(place: Place, here: Directory, alice: User, key: ApiKey) -> None:
    assert here.nonces.accept(key.id, 77)
    here.nonces.flush(5)
    token, session = here.sessions.open(alice, HOUR)
    here.copy_to(place.folder / "directory.sqlite")
    alone = Directory.open(place.file, place.master_key, place.entropy, place.clock)
    assert (alone.users(), alone.find_key(key.key), alone.sessions.find(token)) == ([alice], key, session)
    assert (alone.nonces.last(key.id), alone.nonces.applied_seq) == (77, 5)
    assert minted(alone, alice).id == key.id + 1
    with pytest.raises(DirectoryBusy), opened_file(place.file):
        pass
    alone.close()


def test_a_files_directory_moves_into_a_database_in_which_nobody_is(place: Place, postgresql: Server, tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    file = Place(tmp_path / "alone")
    alone = file.open()
    alice = alone.add_user("alice", PASSWORD, 16)
    assert isinstance(alice, User)
    key = minted(alone, alice)
    alone.close()

    place.open().close()  # nobody is in it, though somebody began to use it
    database = PostgresDatabase(place.address)
    with opened_file(file.file) as source:
        database.take_over(source)
    with opened_file(file.file) as source, pytest.raises(DirectoryError, match="has a directory already: nothing was changed"):
        database.take_over(source)
    database.close()

    moved = place.open()
    assert (moved.users(), moved.find_key(key.key), moved.verify_password("alice", PASSWORD)) == ([alice], key, alice)
    assert minted(moved, alice).id == key.id + 1
