"""The database is away, in every way there is: nothing is lost or stored twice, nobody waits for ever, history catches up by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from cambist.history import (
    History,
    HistoryAway,
    HistoryBehind,
    HistoryBlocked,
    HistoryError,
    HistoryFailed,
    HistoryForeign,
    HistoryLocked,
    HistoryUnwritable,
    HistoryWriter,
    Page,
)
from cambist.history.fold import fold
from cambist.history.postgresql import PostgresReads, PostgresWrites
from cambist.postgresql.server import Address, address_of
from tests.history.scenes import Venue, random_day
from tests.support.cutting_proxy import cutting_proxy
from tests.support.history_places import PostgresPlace, SqlitePlace, content
from tests.support.postgresql import Server
from tests.support.waiting import answered, until

JOURNAL = 42


@pytest.fixture
def place(postgresql: Server) -> PostgresPlace:
    return PostgresPlace(postgresql)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds themselves are of seconds; here they are short."""
    monkeypatch.setattr("cambist.postgresql.server.Connection.patience", 1.0)
    monkeypatch.setattr("cambist.history.postgresql.ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("cambist.history.postgresql.WRITE_SECONDS", 1.0)
    monkeypatch.setattr("cambist.history.postgresql.CHECK_SECONDS", 0.1)
    monkeypatch.setattr("cambist.history.postgresql.RETRY_SECONDS", 0.05)


class Following:
    """A venue whose journal a writer follows into a database."""

    def __init__(self, venue: Venue, address: Address, max_bytes: int = 1 << 20) -> None:
        self.venue = venue
        self.closed = False
        self.failures: list[BaseException] = []
        self.writer = HistoryWriter(
            PostgresWrites(address), venue.source(), journal=JOURNAL, max_bytes=max_bytes, on_failure=self.failures.append
        )
        self.writer.start()
        self.history = History(PostgresReads(address, JOURNAL, lambda: self.writer.applied_seq), self.writer.reached, patience=5)

    def trade(self, orders: int = 3) -> None:
        """Money goes on."""
        for number in range(orders):
            self.venue.place(16, number % 2, 100, 10**6, tag="late")
            self.writer.feed(self.venue.cut(), self.venue.last_seq)

    async def caught_up(self) -> None:
        await self.writer.reached(self.venue.last_seq, within=None)

    async def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        await asyncio.to_thread(self.writer.close)
        self.history.close()


@pytest.fixture
async def following(venue: Venue, place: PostgresPlace) -> AsyncIterator[Following]:
    random_day(venue, 3, 100)
    made = Following(venue, place.address)
    await made.caught_up()
    yield made
    await made.close()


def assert_whole(following: Following, place: PostgresPlace, folder: Path) -> None:
    """That the database has exactly what a file has into which the whole journal was folded."""
    file = SqlitePlace(folder / "expected.sqlite")
    store = file.writes()
    following.venue.folded_into(store)
    store.open(JOURNAL)
    store.close()
    assert content(place) == content(file)
    assert (following.writer.failure, following.failures) == (None, [])


def without_login(server: Server) -> AbstractContextManager[None]:
    """The server refuses everybody who comes anew, and those who are there are cut off."""

    @contextmanager
    def refusing() -> Iterator[None]:
        rules = server.data / "pg_hba.conf"
        kept = rules.read_text()
        rules.write_text(f"local all all reject\nhost postgres {server.owner} 127.0.0.1/32 scram-sha-256\n")
        server.reload()
        try:
            yield
        finally:
            rules.write_text(kept)
            server.reload()

    return refusing()


WAYS = [
    pytest.param(Server.stopped, id="stopped in order"),
    pytest.param(Server.killed, id="killed"),
    pytest.param(Server.frozen, id="frozen"),
    pytest.param(without_login, id="refuses"),
]


@pytest.mark.parametrize("away", WAYS)
async def test_trading_goes_on_and_history_catches_up(
    away: Callable[[Server], AbstractContextManager[None]], following: Following, place: PostgresPlace, tmp_path: Path
) -> None:
    history, writer = following.history, following.writer
    assert len(await history.orders(16)) > 5
    with away(place.server):
        following.trade()
        began = monotonic()
        with pytest.raises(HistoryBehind):
            await history.reached(following.venue.last_seq, within=1.0)
        for _ in range(3):
            with pytest.raises(HistoryAway):
                await history.orders(16)
        assert monotonic() - began < 30, "each is answered in time"
        await until(lambda: isinstance(writer.blocked, HistoryAway))
        assert writer.blocked_seconds > 0
        following.trade(100)
    await following.caught_up()
    await until(lambda: writer.blocked is None)
    assert len(await answered(lambda: history.orders(16, Page(limit=1_000), tag="late"), but=HistoryAway)) == 103
    assert_whole(following, place, tmp_path)


@pytest.mark.parametrize("away", WAYS)
async def test_a_start_does_not_wait_for_it(
    away: Callable[[Server], AbstractContextManager[None]], venue: Venue, place: PostgresPlace, tmp_path: Path
) -> None:
    random_day(venue, 3, 100)
    with away(place.server):
        following = await asyncio.to_thread(Following, venue, place.address)
        assert isinstance(following.writer.blocked, HistoryAway)
        assert following.writer.applied_seq == 0
        following.trade(20)
        with pytest.raises(HistoryBehind):
            await following.history.reached(venue.last_seq, within=0.2)
        with pytest.raises(HistoryError):
            await following.history.orders(16)
    await following.caught_up()
    assert len(await answered(lambda: following.history.orders(16, tag="late"), but=HistoryAway)) == 20
    assert_whole(following, place, tmp_path)
    await following.close()


async def test_nobody_asks_and_it_is_known_all_the_same(following: Following, place: PostgresPlace) -> None:
    with place.server.stopped():
        await until(lambda: following.writer.blocked is not None)
    await until(lambda: following.writer.blocked is None)


async def test_what_waits_takes_a_bounded_memory(venue: Venue, place: PostgresPlace, tmp_path: Path) -> None:
    following = Following(venue, place.address, max_bytes=20_000)
    await following.caught_up()
    with place.server.stopped():
        await until(lambda: following.writer.blocked is not None)
        for _ in range(50):
            following.trade(10)
            assert following.writer.queued_bytes <= 20_000
        assert following.writer.behind
    await following.caught_up()
    assert_whole(following, place, tmp_path)
    await following.close()


async def test_a_venue_ends_while_it_is_away_and_the_next_one_goes_on(following: Following, place: PostgresPlace, tmp_path: Path) -> None:
    with place.server.frozen():
        following.trade()
        await until(lambda: following.writer.blocked is not None)
        await following.close()
        with pytest.raises(HistoryFailed, match="closed"):
            await following.writer.reached(following.venue.last_seq)
    after = Following(following.venue, place.address)
    await after.caught_up()
    assert_whole(after, place, tmp_path)
    await after.close()


async def test_everybody_is_cut_off_now_and_then(following: Following, place: PostgresPlace, tmp_path: Path) -> None:
    for _ in range(20):
        following.trade(5)
        place.server.cut_connections(place.database)
        following.trade(5)
        await following.caught_up()
        assert await following.history.orders(16, Page(limit=1))
    assert_whole(following, place, tmp_path)


@pytest.mark.parametrize("word", [b"COPY entries", b"UPDATE orders", b"UPDATE progress", b"COMMIT"])
def test_a_batch_whose_connection_is_cut_is_stored_once(word: bytes, place: PostgresPlace, venue: Venue, tmp_path: Path) -> None:
    """After COMMIT too, when the server did it and the answer was lost."""
    random_day(venue, 5, 200, cut_every=20)
    with cutting_proxy(place.server.port) as proxy:
        store = PostgresWrites(address_of(place.server.tcp_url(place.database, proxy.port)))
        store.open(JOURNAL)
        cut = 0
        for raw, _ in venue.runs:
            rows = fold(store.cursor, raw)
            proxy.cut_at = word
            while True:
                try:
                    store.apply(rows)
                except HistoryBlocked:  # the server may not know yet that the one before is gone, and so keep its lock
                    cut += 1
                    continue
                break
        assert proxy.cuts > 5
        assert cut >= proxy.cuts
        store.close()
    file = SqlitePlace(tmp_path / "expected.sqlite")
    expected = file.writes()
    venue.folded_into(expected)
    expected.open(JOURNAL)
    expected.close()
    assert content(place) == content(file)


async def test_a_copy_without_the_last_rows_comes_back(following: Following, place: PostgresPlace, tmp_path: Path) -> None:
    """As when a standby takes over that had not heard of the last transactions."""
    server, name = place.server, place.database
    following.trade()
    await following.caught_up()
    with server.without_connections(name):
        server.execute("postgres", f"CREATE DATABASE {name}_older TEMPLATE {name}")
    following.trade(20)
    await following.caught_up()
    ended = following.writer.applied_seq
    with server.without_connections(name):
        server.execute("postgres", f"DROP DATABASE {name}")
        server.execute("postgres", f"ALTER DATABASE {name}_older RENAME TO {name}")
        server.execute("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    # Nobody orders anything, and it is found out all the same.
    await until(lambda: following.writer.applied_seq >= ended and _stored(place) >= ended)
    assert len(await answered(lambda: following.history.orders(16, Page(limit=1_000), tag="late"), but=HistoryAway)) == 23
    assert_whole(following, place, tmp_path)


def _stored(place: PostgresPlace) -> int:
    ((seq,),) = place.server.execute(place.database, "SELECT seq FROM progress")
    return int(seq)


def test_a_reader_does_not_take_a_copy_without_rows_that_were_stored(place: PostgresPlace, venue: Venue) -> None:
    store = place.writes()
    venue.folded_into(store)
    reads = PostgresReads(place.address, 0, lambda: venue.last_seq + 1)
    with pytest.raises(HistoryBehind, match="without its last rows"):
        reads.orders(16)
    store.close()
    reads.close()


async def test_who_only_looks_how_far_it_is_sees_that_it_is_away_and_that_it_is_back(place: PostgresPlace, venue: Venue) -> None:
    store = place.writes()
    venue.folded_into(store)
    store.close()
    reads = place.reads()
    assert reads.look() == venue.last_seq
    with place.server.without_connections(place.database):
        for _ in range(2):
            with pytest.raises(HistoryAway):
                reads.look()
    assert await answered(lambda: _looked(reads), but=HistoryAway) == venue.last_seq
    reads.close()


async def _looked(reads: PostgresReads) -> int:
    return reads.look()


async def test_another_venues_rows_come_back_and_are_not_told_to_anybody(following: Following, place: PostgresPlace) -> None:
    other = place.another()
    foreign = PostgresWrites(other.address)
    foreign.open(JOURNAL + 1)
    foreign.close()
    server, name = place.server, place.database
    with server.without_connections(name):
        server.execute("postgres", f"DROP DATABASE {name}")
        server.execute("postgres", f"ALTER DATABASE {other.database} RENAME TO {name}")
    await until(lambda: following.writer.failure)
    assert isinstance(following.writer.failure, HistoryForeign)
    with pytest.raises(HistoryForeign, match="another venue"):
        await following.history.orders(16)
    with pytest.raises(HistoryFailed):
        await following.history.reached(following.venue.last_seq + 1)


async def test_tables_locked_by_somebody_else_are_waited_for(following: Following, place: PostgresPlace, tmp_path: Path) -> None:
    for table in ("progress", "orders", "candles"):
        with place.server.inside(place.database, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
            following.trade()
            await until(lambda: isinstance(following.writer.blocked, HistoryLocked))
            with pytest.raises(HistoryBehind):
                await following.history.reached(following.venue.last_seq, within=0.1)
        await following.caught_up()
    assert_whole(following, place, tmp_path)


async def test_a_second_process_waits_until_the_first_one_has_ended(following: Following, place: PostgresPlace, tmp_path: Path) -> None:
    second = Following(following.venue, place.address)
    assert isinstance(second.writer.blocked, HistoryLocked)
    assert "another process folds into it" in str(second.writer.blocked)
    following.trade()
    await following.caught_up()
    assert second.writer.applied_seq == 0
    await following.close()
    second.trade()
    await second.caught_up()
    assert_whole(second, place, tmp_path)
    await second.close()


SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$;
CREATE TRIGGER slow AFTER INSERT ON entries EXECUTE FUNCTION slow()
"""


async def test_a_server_that_is_slow_is_given_more_time(following: Following, place: PostgresPlace, tmp_path: Path) -> None:
    """Or a batch that takes longer than is waited for could never be stored."""
    place.server.execute(place.database, SLOW)
    following.trade()
    await until(lambda: following.writer.blocked)
    await following.caught_up()
    place.server.execute(place.database, "DROP FUNCTION slow CASCADE")
    assert_whole(following, place, tmp_path)


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON entries EXECUTE FUNCTION full_disk()
"""


async def test_a_server_whose_disk_is_full_is_waited_for(following: Following, place: PostgresPlace, tmp_path: Path) -> None:
    place.server.execute(place.database, FULL)
    following.trade()
    await until(lambda: isinstance(following.writer.blocked, HistoryUnwritable))
    with pytest.raises(HistoryBehind):
        await following.history.reached(following.venue.last_seq, within=0.1)
    assert len(await following.history.orders(16)) > 5, "what is there can be read"
    place.server.execute(place.database, "DROP FUNCTION full_disk CASCADE")
    await following.caught_up()
    assert_whole(following, place, tmp_path)


async def test_a_server_that_is_no_primary_is_waited_for(following: Following, place: PostgresPlace, tmp_path: Path) -> None:
    place.server.execute(place.database, f"ALTER DATABASE {place.database} SET default_transaction_read_only = on")
    place.server.cut_connections(place.database)
    following.trade()
    await until(lambda: isinstance(following.writer.blocked, HistoryUnwritable))
    place.server.execute("postgres", f"ALTER DATABASE {place.database} SET default_transaction_read_only = off")
    await following.caught_up()
    assert_whole(following, place, tmp_path)


async def test_tables_that_somebody_took_away_are_a_failure_that_says_what_to_do(following: Following, place: PostgresPlace) -> None:
    place.server.execute(place.database, "DROP TABLE entries")
    following.trade()
    await until(lambda: following.writer.failure)
    assert "cambist rebuild" in str(following.writer.failure)
    with pytest.raises(HistoryError, match="cambist rebuild"):
        await following.history.entries(16)


async def test_a_query_that_waits_behind_another_is_answered_in_time(place: PostgresPlace, venue: Venue) -> None:
    store = place.writes()
    venue.folded_into(store)
    history = History(place.reads(), patience=0.3)
    with place.server.inside(place.database, "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"):
        answers = await asyncio.gather(*(history.orders(16) for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} <= {HistoryAway, HistoryLocked}
    history.close()
    store.close()
