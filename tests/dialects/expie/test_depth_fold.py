"""Clean and incremental updates, folded as the documents say, are exactly the server's book at that limit and interval."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cambist import _core
from cambist.dialect_kit.market_texts import MarketTexts
from cambist.dialects.expie import depth
from cambist.dialects.expie.depth import PUSH_INTERVALS, PUSH_LIMITS, Followed, Merge
from cambist.dialects.expie.markets import Markets
from cambist.domain.orders import Side
from cambist.domain.units import MarketId
from cambist.marketdata import MarketData
from tests.dialects.expie.floor import SECOND, Floor, Trader
from tests.support.immediate import immediately

ACCOUNT = _core.FIRST_USER_ACCOUNT


class Reader:
    """A client that keeps a book by the documents' rules, and knows no others."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sides: dict[str, dict[Decimal, str]] = {"asks": {}, "bids": {}}
        self.cleans = self.updates = 0

    def take(self, params: list[Any]) -> None:
        clean, changed, _market = params
        if clean:
            self.cleans += 1
            self.sides = {"asks": {}, "bids": {}}
        else:
            self.updates += 1
        for name, levels in changed.items():
            side = self.sides[name]
            for price, amount in levels:
                if amount == "0":
                    side.pop(Decimal(price), None)
                else:
                    side[Decimal(price)] = amount
            best = sorted(side, reverse=name == "bids")[: self.limit]
            self.sides[name] = {price: side[price] for price in best}

    @property
    def book(self) -> dict[str, list[tuple[Decimal, str]]]:
        return {name: list(self.sides[name].items()) for name in ("asks", "bids")}


def true_book(engine: _core.Engine, limit: int, interval: Decimal) -> dict[str, list[tuple[Decimal, str]]]:
    """From the core itself, by another road: every level, exact decimals, rounded and added one by one."""
    spec = engine.market(0)
    sides: dict[str, list[tuple[Decimal, str]]] = {}
    for name, levels in zip(("bids", "asks"), engine.depth(0, 0), strict=True):
        buckets: dict[Decimal, int] = {}
        for price_units, amount in levels:
            price = Decimal(price_units).scaleb(-spec.price_scale)
            if interval:
                whole = price // interval
                price = interval * (whole + 1 if name == "asks" and price % interval else whole)
            buckets[price] = buckets.get(price, 0) + amount
        best = sorted(buckets, reverse=name == "bids")[:limit]
        sides[name] = [(price, _core.format_units(buckets[price], spec.amount_scale)) for price in best]
    return {"asks": sides["asks"], "bids": sides["bids"]}


def venue() -> tuple[_core.Engine, MarketData]:
    engine = _core.Engine()
    for code in ("BTC", "USD"):
        engine.create_asset(1, code, 16, 8)
    engine.create_market(1, 0, 1, 4, 4, 1, 1, 10**9, 1, 10**9, 0, 0, 0)
    for _account in range(2):
        account = engine.open_account(1).id
        for asset in (0, 1):
            engine.transfer(1, account * 2 + asset + 1, 0, account, asset, 1, 0, 2**90)
    return engine, MarketData((0,), lambda: 0)


ORDERS = st.lists(
    st.tuples(
        st.sampled_from([Side.BUY, Side.SELL]),
        st.integers(1, 40),  # price
        st.sampled_from([1, 7, 110, 1_003]),  # how far apart prices lie
        st.integers(1, 30),  # amount
        st.integers(0, 6),  # 0: cancel something instead; 1: look at the book
    ),
    min_size=1,
    max_size=120,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ORDERS, st.sampled_from(sorted(PUSH_LIMITS)[:4]), st.sampled_from(sorted(PUSH_INTERVALS)), st.integers(1, 20))
def test_folding_gives_the_book(orders: list[tuple[int, int, int, int, int]], limit: int, interval: Decimal, full_every: int) -> None:
    engine, data = venue()
    market = Markets(engine)[MarketId(0)]
    merge = Merge(market, interval)
    followed = Followed(market, merge, limit, full_every, lambda: depth.followed_book(data, market, merge, limit))
    reader = Reader(limit)

    def push(message: bytes | None) -> None:
        if message is not None:
            reader.take(json.loads(message)["params"])

    def durable() -> None:
        data.apply(engine.take_events())

    durable()
    followed.start(0)
    push(followed.full())
    for now, (side, price, spread, amount, what) in enumerate(orders):
        live = engine.open_orders(ACCOUNT)
        if what == 0 and live:
            engine.cancel_order(1, ACCOUNT, live[price % len(live)].order_id)
        else:
            engine.place_order(1, ACCOUNT, 0, side, 0, 0, 0, 1, 1_000 + price * spread, amount)
        durable()
        if what <= 2:
            push(followed.update(now))
            assert reader.book == true_book(engine, limit, interval)
    push(followed.update(len(orders)))
    assert reader.book == true_book(engine, limit, interval)


@settings(max_examples=100, deadline=None)
@given(ORDERS, st.integers(1, 101), st.decimals("0.00001", "0.5", places=7))
def test_queries_of_any_interval(orders: list[tuple[int, int, int, int, int]], limit: int, interval: Decimal) -> None:
    engine, data = venue()
    for side, price, spread, amount, _what in orders:
        engine.place_order(1, ACCOUNT, 0, side, 0, 0, 0, 1, 1_000 + price * spread, amount)
    data.apply(engine.take_events())
    market = Markets(engine)[MarketId(0)]
    merge = Merge(market, interval)
    bids, asks = immediately(depth.sides_text(MarketTexts(data), market, merge, limit))
    expected = true_book(engine, limit, interval)
    for found, name in ((bids, "bids"), (asks, "asks")):
        assert [(Decimal(price), amount) for price, amount in json.loads(found)] == expected[name]


@pytest.mark.parametrize(("limit", "interval"), [(5, "0"), (100, "0"), (10, "0.01"), (1, "0.1"), (20, "0.001")])
async def test_over_the_wire(floor: Floor, alice: Trader, bob: Trader, limit: int, interval: str) -> None:
    """The same through sequencer, channel and socket, with the clock moving past two full refreshes."""
    client = await floor.socket()
    await client.follow("depth.subscribe", "BCCBTC", limit, interval)
    reader = Reader(limit)
    reader.take((await client.push())[1])
    state = 12_345
    for _step in range(300):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        price, amount, side = 100_000 + (state >> 8) % 300 * 101, 10 + (state >> 4) % 50, (state >> 20) % 2
        trader = alice if state % 3 else bob
        live = floor.engine.open_orders(trader.account)
        if state % 5 == 0 and live:
            floor.immediate.cancel(trader.account, live[price % len(live)].order_id)
        else:
            floor.immediate.place(trader.account, 0, side, 0, 0, price, amount)
        if state % 4 == 0:
            await floor.caught_up()
            floor.pass_time(SECOND)
            if not await client.quiet():
                for _push in range(len(client.pushes)):
                    reader.take((await client.push())[1])
            assert reader.book == true_book(floor.engine, limit, Decimal(interval))
    assert reader.cleans == 2 or limit == 1
    assert reader.updates > 10 or limit == 1


def test_a_missing_number_makes_a_full_book() -> None:
    """Should a change of the book ever not arrive, its number tells, and the followers get everything anew."""
    from cambist.dialect_kit.hub import Hub
    from cambist.dialects.expie.channels import Depth
    from cambist.marketdata.values import LevelChange, MarketUpdate
    from cambist.scheduling import ManualScheduler

    engine, data = venue()
    market = Markets(engine)[MarketId(0)]
    merge = Merge(market, Decimal(0))
    followed = Followed(market, merge, 5, 10**9, lambda: depth.followed_book(data, market, merge, 5))
    channel = Depth(data, followed, ManualScheduler(0), 0)
    channel.hub, channel.key, channel.followers = Hub(), "x", {}
    channel.touch = lambda: None  # type: ignore[method-assign]
    channel.started()
    for number, expected in ((1, []), (3, [b"true"]), (4, [])):
        channel._updated(MarketUpdate(MarketId(0), number, number, (LevelChange(0, 1, 1, 1, 0),), ()))
        assert [message.partition(b"[")[2][:4] for message in channel.messages()] == expected
