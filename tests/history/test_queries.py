"""Every query against the obvious: all rows read at once, then filtered and cut in Python."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from cambist.domain.orders import DoneReason
from cambist.domain.transfers import Business, TransferKind
from cambist.history.port import HistoryWrites, Page, StoreReads
from cambist.history.records import Candle, Leg, OrderTerms, StoredOrderState, TransferStatus
from tests.history.scenes import BTC, BTC_USD, LTC_BTC, START, USD, USERS, Venue, random_day

ALL = Page(limit=1_000_000, newest_first=False)


@pytest.fixture
def day(venue: Venue, writes: HistoryWrites) -> Venue:
    """A day with more than 1,024 commands, so that marks are used."""
    random_day(venue, 5, 2_500)
    venue.folded_into(writes)
    return venue


def cut(rows: Sequence[Any], page: Page, key: Callable[[Any], int], time: Callable[[Any], int]) -> list[Any]:
    kept = [
        row
        for row in rows
        if (page.first_id is None or key(row) >= page.first_id)
        and (page.last_id is None or key(row) <= page.last_id)
        and (page.since is None or time(row) >= page.since)
        and (page.until is None or time(row) <= page.until)
    ]
    kept.sort(key=key, reverse=page.newest_first)
    return kept[page.offset : page.offset + page.limit]


def pages(rows: Sequence[Any], key: Callable[[Any], int], time: Callable[[Any], int], seed: int) -> list[Page]:
    """Random windows whose edges are ids and times that exist, their neighbours, and none."""
    dice = random.Random(seed)
    out = []
    for _ in range(40):
        ids = sorted(key(dice.choice(rows)) + dice.randint(-1, 1) for _ in range(2))
        times = sorted(time(dice.choice(rows)) + dice.randint(-1, 1) for _ in range(2))
        out.append(
            Page(
                first_id=dice.choice((None, ids[0])),
                last_id=dice.choice((None, ids[1])),
                since=dice.choice((None, times[0])),
                until=dice.choice((None, times[1])),
                offset=dice.choice((0, 0, 1, 17)),
                limit=dice.choice((0, 1, 5, 50, 1_000)),
                newest_first=dice.random() < 0.5,
            )
        )
    return out


def test_orders_by_every_filter(day: Venue, reads: StoreReads) -> None:
    for user in USERS:
        rows = reads.orders(user, ALL)
        assert len(rows) > 100
        for number, page in enumerate(pages(rows, lambda row: row.id, lambda row: row.created, user)):
            market, side = [None, BTC_USD, LTC_BTC][number % 3], [None, 0, 1, None][number % 4]
            state, traded = ["all", "open", "finished"][number % 3], [None, True, False, None, None][number % 5]
            wanted = [
                row
                for row in rows
                if (market is None or row.market == market)
                and (side is None or row.side == side)
                and (traded is None or (row.filled > 0) == traded)
                and (state == "all" or (row.reason == 0) == (state == "open"))
            ]
            found = reads.orders(user, page, market=market, side=side, state=state, traded=traded)  # type: ignore[arg-type]
            assert found == cut(wanted, page, lambda row: row.id, lambda row: row.created)


def test_fills_and_trades_by_every_filter(day: Venue, reads: StoreReads) -> None:
    trades = reads.market_trades(BTC_USD, ALL) + reads.market_trades(LTC_BTC, ALL)
    assert [trade.id for trade in sorted(trades, key=lambda row: row.time)] == sorted(trade.id for trade in trades)
    for user in USERS:
        rows = reads.fills(user, ALL)
        assert {row.id for row in rows} == {t.id for t in trades if user in (t.maker_account, t.taker_account)}
        assert len({row.id for row in rows}) == len(rows)
        orders = {order.id: order for order in reads.orders(user, ALL)}
        for row in rows:
            own = orders[row.order_id]
            assert (row.order_type, row.tag, row.side, row.account) == (own.type, own.tag, own.side, user)
            assert row.ppm == (own.maker_ppm if row.maker else own.taker_ppm)
        for page in pages(rows, lambda row: row.id, lambda row: row.time, user):
            assert reads.fills(user, page) == cut(rows, page, lambda row: row.id, lambda row: row.time)
            some = [row for row in rows if row.market == LTC_BTC]
            assert reads.fills(user, page, market=LTC_BTC) == cut(some, page, lambda row: row.id, lambda row: row.time)
    public = [trade for trade in trades if trade.market == BTC_USD]
    for page in pages(public, lambda row: row.id, lambda row: row.time, 1):
        assert reads.market_trades(BTC_USD, page) == cut(public, page, lambda row: row.id, lambda row: row.time)
    assert reads.trade_at(public[3].time) == public[3]
    assert reads.trade_at(START - 1) is None
    assert reads.trades_by_id([public[4].id, 10**9, public[2].id]) == sorted([public[4], public[2]], key=lambda row: row.id)


def test_ledger_entries_by_every_filter(day: Venue, reads: StoreReads) -> None:
    for account in (0, 1, 3, *USERS):
        rows = reads.entries(account, ALL)
        assert reads.entry_count(account) == len(rows)
        for number, page in enumerate(pages(rows, lambda row: row.id, lambda row: row.time, account)):
            asset, business = [None, BTC, USD][number % 3], [None, *Business][number % 5]
            wanted = [row for row in rows if (asset is None or row.asset == asset) and (business is None or row.business == business)]
            found = reads.entries(account, page, asset=asset, business=business)
            assert found == cut(wanted, page, lambda row: row.id, lambda row: row.time)
            assert reads.entry_count(account, asset=asset, business=business) == len(wanted)
        deposits = [row for row in rows if row.kind == TransferKind.DEPOSIT]
        assert reads.entries(account, ALL, kind=TransferKind.DEPOSIT) == deposits
    fill = reads.fills(16, ALL)[7]
    legs = reads.entries(16, ALL, trade_id=fill.id)
    assert [row.reference for row in legs] == [fill.id] * len(legs)
    assert legs == [row for row in reads.entries(16, ALL) if row.business == Business.TRADE and row.reference == fill.id]


def test_balances_right_after_any_command(day: Venue, reads: StoreReads) -> None:
    last = max(entry.seq for user in USERS for entry in reads.entries(user, ALL))
    for user in USERS:
        for seq in (0, 1, *range(2, last, 97), last, last + 5_000):
            had = {entry.asset: (entry.available, entry.held) for entry in reads.entries(user, ALL) if entry.seq <= seq}
            found = {balance.asset: (balance.available, balance.held) for balance in reads.balances_at(user, seq, [USD, BTC, 99])}
            assert found == {asset: had[asset] for asset in had if asset in (USD, BTC)}, seq


def test_transfers_by_every_filter(day: Venue, reads: StoreReads) -> None:
    for account in (0, 3, *USERS):
        rows = reads.transfers(account, ALL)
        for number, page in enumerate(pages(rows, lambda row: row.source_entry, lambda row: row.created, account)):
            asset, kind = [None, BTC][number % 2], [None, TransferKind.DEPOSIT, TransferKind.WITHDRAWAL][number % 3]
            wanted = [row for row in rows if (asset is None or row.asset == asset) and (kind is None or row.kind == kind)]
            found = reads.transfers(account, page, asset=asset, kind=kind)
            assert found == cut(wanted, page, lambda row: row.source_entry, lambda row: row.created)
    withdrawal = reads.transfers(3, ALL, kind=TransferKind.WITHDRAWAL)[0]
    assert reads.transfers_with("address", withdrawal.memo["address"], kind=TransferKind.WITHDRAWAL) == [withdrawal]
    assert reads.transfers_with("address", withdrawal.memo["address"], kind=TransferKind.DEPOSIT) == []
    assert reads.transfer(withdrawal.id) == withdrawal
    assert reads.transfer(2**100) is None
    pending = {row.id for user in USERS for row in reads.transfers(user, ALL) if row.status == TransferStatus.PENDING}
    assert pending == {row.transfer_id for row in day.engine.pending_transfers()}


def test_volumes_and_candles_are_sums_of_trades(day: Venue, reads: StoreReads) -> None:
    trades = {market: reads.market_trades(market, ALL) for market in (BTC_USD, LTC_BTC)}
    span = [trade.time for rows in trades.values() for trade in rows]
    for since in (0, min(span), (min(span) + max(span)) // 2, max(span), max(span) + 60_000_000):
        minute = since // 60_000_000 * 60_000_000
        for volume in reads.volumes(since):
            of = [trade for trade in trades[volume.market] if trade.time >= minute]
            assert (volume.count, volume.volume) == (len(of), sum(trade.amount for trade in of))
            assert volume.notional == sum(trade.amount * trade.price for trade in of)
            assert (volume.high, volume.low) == (max(trade.price for trade in of), min(trade.price for trade in of))
        for volume in reads.volumes(since, account=17):
            fills = [fill for fill in reads.fills(17, ALL, market=volume.market) if fill.time >= since]
            assert (volume.count, volume.volume) == (len(fills), sum(fill.amount for fill in fills))
            assert volume.notional == sum(fill.amount * fill.price for fill in fills)
    for interval in (60, 300, 3_600, 14_400, 86_400, 3 * 86_400, 604_800):
        found = reads.candles(BTC_USD, interval, 0, max(span) // 1_000_000 + 1, limit=10**6)
        assert sum(candle.count for candle in found) == len(trades[BTC_USD])
        for candle in found:
            of = [t for t in trades[BTC_USD] if candle.start <= t.time // 1_000_000 < candle.start + interval]
            prices = [trade.price for trade in of]
            assert (candle.open, candle.high, candle.low, candle.close) == (prices[0], max(prices), min(prices), prices[-1])
            assert (candle.volume, candle.count) == (sum(trade.amount for trade in of), len(of))
        assert reads.candles(BTC_USD, interval, 0, max(span) // 1_000_000 + 1, limit=3) == found[-3:]
        middle = reads.candles(BTC_USD, interval, found[0].start + 1, found[-1].start, limit=10**6)
        assert middle == found[1:-1]
    with pytest.raises(ValueError, match="no candles of 7 seconds"):
        reads.candles(BTC_USD, 7, 0, 1)


def test_seconds_of_the_last_day_are_kept(day: Venue, reads: StoreReads) -> None:
    trades = reads.market_trades(LTC_BTC, ALL)
    since = trades[-1].time // 1_000_000 - 86_399

    def seconds(since: int) -> list[Candle]:
        (past,) = reads.market_pasts([LTC_BTC], 1, since, [])
        return past.seconds

    assert sum(candle.count for candle in seconds(since)) == sum(trade.time >= since * 1_000_000 for trade in trades)
    assert len(seconds(0)) < len({trade.time // 1_000_000 for trade in trades})


def test_pasts_of_many_markets_come_in_one_answer_unless_they_are_long(
    day: Venue, reads: StoreReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [(60, 0, 1 << 40, 1_000), (3_600, 0, 1 << 40, 1_000)]
    pasts = reads.market_pasts([LTC_BTC, BTC_USD], 50, 0, wanted)
    for market, past in zip((LTC_BTC, BTC_USD), pasts, strict=True):
        assert past.trades == reads.market_trades(market, Page(limit=50))
        assert past.candles == [(0, reads.candles(market, interval, 0, 1 << 40, 1_000)) for interval in (60, 3_600)]
        assert past.backfill is None
    monkeypatch.setattr("cambist.history.sql_reads.MOST_PAST_ROWS", 1)
    assert reads.market_pasts([LTC_BTC, BTC_USD], 50, 0, wanted) == pasts[:1]


def test_a_taker_buy_prints_as_a_ledger_line(venue: Venue, writes: HistoryWrites, reads: StoreReads) -> None:
    maker = venue.place(17, 1, 1_180, 10**8)
    taker = venue.place(16, 0, 1_200, 10**5, tag="mine")
    venue.cut()
    venue.folded_into(writes)
    spent, received = reads.entries(16, ALL, business=Business.TRADE)
    assert (spent.leg, spent.asset, spent.change) == (Leg.BUYER_PAYS, USD, -1_180 * 10**5)
    assert (received.leg, received.asset) == (Leg.BUYER_RECEIVES, BTC)
    assert received.change == 10**13 - received.fee
    assert received.fee == 10**13 * 2_000 // 10**6
    assert (received.order_id, received.counter_order, received.maker) == (taker.id, maker.id, False)
    assert (received.price, received.amount, received.total, received.ppm, received.side) == (1_180, 10**5, 1_180 * 10**5, 2_000, 0)
    (order,) = reads.orders(16, ALL)
    assert (order.tag, order.reason, order.state, order.fee) == ("mine", DoneReason.FILLED, StoredOrderState.FILLED, received.fee)


def test_a_cancelled_order_and_a_triggered_stop(venue: Venue, writes: HistoryWrites, reads: StoreReads) -> None:
    first = venue.place(16, 0, 100, 10**6)
    stop = venue.place(16, 0, 300, 10**6, type=2, stop_price=200)
    venue.cut()
    venue.folded_into(writes)
    assert reads.orders_by_id([stop.id])[0].waiting
    venue.engine.cancel_order(venue.tick(), 16, first.id)
    venue.place(17, 1, 200, 10**6)
    at = venue.tick()
    venue.engine.place_order(at, 18, BTC_USD, 0, 0, 0, 0, 0, 200, 10**6)
    venue.cut()
    venue.folded_into(writes)
    cancelled, triggered = reads.orders_by_id([first.id, stop.id])
    assert (cancelled.state, cancelled.filled) == (StoredOrderState.CANCELLED, 0)
    assert (triggered.triggered, triggered.waiting, triggered.state) == (at, False, StoredOrderState.LIVE)
    hold, *_, release = [row for row in reads.entries(16, ALL) if row.order_id == first.id]
    assert (hold.business, release.business, release.change, release.side) == (Business.HOLD, Business.RELEASE, 0, 0)


@pytest.mark.parametrize("cut", [True, False], ids=["in runs of their own", "in one run"])
def test_what_a_replaced_order_asked_for_is_kept(venue: Venue, writes: HistoryWrites, reads: StoreReads, cut: bool) -> None:
    placed, other = venue.place(16, 0, 100, 10**6), venue.place(16, 0, 101, 10**6)
    times = [venue.time - 1_000]
    seqs = [placed.seq]
    for price, amount in ((90, 0), (0, 2 * 10**6)):
        if cut:
            venue.cut()
            venue.folded_into(writes)
        times.append(venue.tick())
        seqs.append(venue.engine.replace_order(times[-1], 16, placed.id, price, amount).seq)
    venue.cut()
    venue.folded_into(writes)
    asked = [(100, 10**6), (90, 10**6), (90, 2 * 10**6)]
    assert reads.terms_of_order(placed.id) == [
        OrderTerms(placed.id, seq, time, price, amount, 0) for seq, time, (price, amount) in zip(seqs, times, asked, strict=True)
    ]
    assert reads.terms_of_order(other.id) == []


def test_a_withdrawal_from_pending_to_settled(venue: Venue, writes: HistoryWrites, reads: StoreReads) -> None:
    from cambist.domain.meta import Meta

    engine = venue.engine
    big = 2**127 + 5
    engine.transfer(venue.tick(), big, 16, 3, BTC, 2, 1, 500, Meta(memo={"address": "1abc", "fee": 7}).encode())
    venue.cut()
    venue.folded_into(writes)
    one = reads.transfer(big)
    assert one is not None
    assert (one.status, one.destination_entry, one.memo) == (TransferStatus.PENDING, 0, {"address": "1abc", "fee": 7})
    posted = engine.post_transfer(venue.tick(), big, Meta(memo={"txid": "ff"}).encode())
    completion = venue.tick()
    engine.transfer(completion, 77, 3, 0, BTC, 8, 0, 500, Meta(memo={"withdrawal": f"{big:032x}", "txid": "ff"}).encode())
    venue.cut()
    venue.folded_into(writes)
    one = reads.transfer(big)
    assert one is not None
    assert (one.status, one.settled, one.updated) == (TransferStatus.POSTED, completion, completion)
    assert one.memo == {"address": "1abc", "fee": 7, "txid": "ff"}
    assert one.destination_entry == posted.id + 1
    assert [row.id for row in reads.transfers_with("txid", "ff")] == [big, 77]
    assert [row.id for row in reads.transfers_with("fee", "7")] == [big]
    pending, taken = reads.entries(16, Page(limit=2, newest_first=False), kind=TransferKind.WITHDRAWAL)
    assert (pending.transfer_id, pending.memo, pending.settled) == (big, one.memo, completion)
    assert (pending.change, taken.change) == (0, -500)


def test_prices_beyond_63_bits(venue: Venue, writes: HistoryWrites, reads: StoreReads) -> None:
    engine = venue.engine
    engine.create_asset(venue.tick(), "WIDE", 2, 2)
    out = engine.create_market(venue.tick(), BTC, 3, 1, 1, 0, 1, 2**64 - 1, 1, 2**31, 0, 0, 0)
    assert out.code == 0
    venue.deposit(16, 3, 2**90)
    assert venue.place(16, 0, 2**64 - 1, 3, market=out.id).code == 0
    assert venue.place(17, 1, 2**63 + 1, 2, market=out.id).code == 0
    venue.cut()
    venue.folded_into(writes)
    (order,) = reads.orders(16, ALL)
    assert (order.price, order.filled, order.total) == (2**64 - 1, 2, 2 * (2**64 - 1))
    assert reads.fills(17, ALL)[0].price == 2**64 - 1
    assert reads.orders(16, ALL, traded=True) == [order]
    (candle,) = reads.candles(out.id, 60, 0, 2 * 10**9)
    assert (candle.high, candle.notional) == (2**64 - 1, 2 * (2**64 - 1))


def test_too_many_ids_are_refused(reads: StoreReads) -> None:
    with pytest.raises(ValueError, match="10000"):
        reads.orders_by_id(range(1, 10_002))
