"""History folded in one go, in pieces with restarts in between, and rebuilt: the same rows."""

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cambist import _core
from cambist.domain.meta import Meta
from cambist.history.fold import Cursor, Fold, fold
from cambist.history.port import HistoryWrites, Page, StoreReads
from cambist.history.schema import FOLDED, fitting, progress
from cambist.history.sqlite import SqliteWrites
from cambist.history.writer import rebuild
from tests.history.plain_fold import PlainFold
from tests.history.scenes import BTC_USD, USERS, LinkedVenue, Venue, random_day

VENUES = st.sampled_from([Venue, LinkedVenue])


@pytest.fixture(params=[Venue, LinkedVenue], ids=["separate markets", "linked markets"])
def venue(request: pytest.FixtureRequest) -> Venue:
    made: Venue = request.param()
    return made


def everything(path: Path) -> dict[str, list[Any]]:
    """Every row of every table, as stored."""
    import sqlite3

    connection = sqlite3.connect(path)
    try:
        # The schema's own names.
        return {table.name: sorted(connection.execute(f"SELECT * FROM {table.name}"), key=repr) for table in (*FOLDED, progress)}
    finally:
        connection.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(new_venue=VENUES, seed=st.integers(0, 2**32), commands=st.integers(0, 400), cut_every=st.integers(1, 60))
def test_one_go_equals_pieces_with_restarts_equals_rebuilt(new_venue: type[Venue], seed: int, commands: int, cut_every: int) -> None:
    venue = new_venue()
    random_day(venue, seed, commands, cut_every)
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        whole, pieces = Path(directory, "whole"), Path(directory, "pieces")
        store = SqliteWrites(whole)
        folding = Fold(Cursor())
        for raw, _ in venue.runs:
            folding.feed(raw)
        store.apply(folding.rows())
        store.close()

        at = 0
        while at < len(venue.runs):
            store = SqliteWrites(pieces)
            for _ in range(dice.randint(1, 5)):
                folding = Fold(store.cursor)
                # A run more than once, and runs that are in already, do no harm.
                again = max(0, at - dice.randint(0, 3))
                until = at + dice.randint(1, 4)
                for raw, _ in venue.runs[again:until]:
                    folding.feed(raw)
                store.apply(folding.rows())
                at = until
            store.close()
        assert everything(pieces) == everything(whole)

        store = SqliteWrites(pieces)
        assert rebuild(store, venue.source()) == venue.last_seq
        store.close()
        assert everything(pieces) == everything(whole)


@pytest.mark.parametrize("seed", range(3))
def test_ledger_entries_add_up_to_the_cores_balances(venue: Venue, writes: HistoryWrites, reads: StoreReads, seed: int) -> None:
    random_day(venue, seed, 600)
    venue.folded_into(writes)
    accounts = venue.engine.accounts
    for account in range(accounts):
        found = reads.entries(account, Page(limit=100_000, newest_first=False))
        sums: dict[int, list[int]] = {}
        for entry in found:
            sum_ = sums.setdefault(entry.asset, [0, 0])
            sum_[0] += entry.change_available
            sum_[1] += entry.change_held
            assert (entry.available, entry.held) == tuple(sum_)
            assert entry.balance == sum(sum_)
        for asset in range(len(venue.engine.assets())):
            assert tuple(sums.get(asset, [0, 0])) == venue.engine.balance(account, asset)


@pytest.mark.parametrize("seed", range(3))
def test_live_orders_are_the_cores_and_filled_is_the_sum_of_fills(
    venue: Venue, writes: HistoryWrites, reads: StoreReads, seed: int
) -> None:
    random_day(venue, seed, 600)
    venue.folded_into(writes)
    whole = Page(limit=100_000, newest_first=False)
    for user in USERS:
        live = {order.id: order for order in reads.orders(user, whole, state="open")}
        core = {order.order_id: order for order in venue.engine.open_orders(user)}
        assert live.keys() == core.keys()
        for number, order in live.items():
            theirs = core[number]
            assert (order.price, order.amount, order.filled, order.stop_price) == (
                theirs.price,
                theirs.amount,
                theirs.filled,
                theirs.stop_price,
            )
            assert (order.waiting, order.created, order.remaining) == (theirs.waiting, theirs.created, theirs.remaining)
        for order in reads.orders(user, whole):
            fills = reads.fills_of_order(order.id, whole)
            assert order.filled == sum(fill.amount for fill in fills)
            assert order.total == sum(fill.total for fill in fills)
            assert order.fee == sum(fill.fee for fill in fills if fill.order_id == order.id)
            assert all(fill.order_id == order.id and fill.side == order.side for fill in fills)


def test_a_missing_command_is_refused(venue: Venue) -> None:
    venue.place(16, 0, 100, 10**6)
    venue.engine.take_events()
    venue.place(16, 0, 100, 10**6)
    with pytest.raises(ValueError, match="jump"):
        fold(Cursor(seq=venue.last_seq), venue.cut())


def test_rows_that_do_not_follow_the_stored_cursor_are_refused(venue: Venue, writes: HistoryWrites) -> None:
    rows = fold(Cursor(), venue.runs[0][0])
    writes.apply(rows)
    with pytest.raises(ValueError, match="follow"):
        writes.apply(rows)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(new_venue=VENUES, seed=st.integers(0, 2**32), commands=st.integers(0, 400), cut_every=st.integers(1, 60))
def test_the_native_fold_gives_the_rows_of_the_plain_one(new_venue: type[Venue], seed: int, commands: int, cut_every: int) -> None:
    venue = new_venue()
    random_day(venue, seed, commands, cut_every)
    dice = random.Random(seed)
    at, cursor = 0, Cursor()
    while at < len(venue.runs):
        native, plain = Fold(cursor), PlainFold(cursor)
        until = at + dice.randint(1, 8)
        for raw, _ in venue.runs[max(0, at - dice.randint(0, 2)) : until]:
            native.feed(raw)
            plain.feed(_core.decode_events(raw))
        ours, theirs = native.rows(), plain.rows()
        for table in ("orders", "trades", "entries"):
            rows, expected = getattr(ours, table), getattr(theirs, table)
            assert rows.values(0, 1 << 30) == [fitting(value) for row in expected for value in row]
            assert rows.values(1, 2) == [fitting(value) for row in expected[1:3] for value in row]
        for part in ("cursor", "order_changes", "terms", "transfers", "transfer_changes", "words", "notes", "candles", "marks"):
            assert getattr(ours, part) == getattr(theirs, part), part
        at, cursor = until, ours.cursor


@pytest.mark.parametrize(
    ("meta", "tag"),
    [
        pytest.param(Meta(tag="mine").encode(), "mine", id="a tag"),
        pytest.param(Meta(key_id=7, nonce=2**63, tag="ä" * 100).encode(), "ä" * 100, id="large numbers and a long tag"),
        pytest.param(Meta(key_id=70_000, nonce=200, tag="x" * 300, memo={"word": 192}).encode(), "x" * 300, id="a tag and words"),
        pytest.param(b"", "", id="no meta"),
        pytest.param(b"\x93\x01\x02\x03", "", id="no tag"),
        pytest.param(b"\x94\x01\x02\x03\xa5cut", "", id="a tag that is cut off"),
        pytest.param(b"\x94\x01\x02\x03\xa2\xff\xfe", "", id="a tag that is no text"),
        pytest.param(b"\x94\x01\xc3\x03\xa1x", "", id="a flag where a number belongs"),
        pytest.param(b"something else", "", id="no MessagePack"),
    ],
)
def test_an_orders_tag_is_read_from_its_commands_meta(venue: Venue, meta: bytes, tag: str) -> None:
    venue.engine.place_order(venue.tick(), 16, BTC_USD, 0, 0, 0, 0, 0, 100, 10**6, meta=meta)
    (order,) = fold(Cursor(seq=venue.last_seq), venue.cut()).orders.values(0, 1)[13:14]
    assert order == tag
