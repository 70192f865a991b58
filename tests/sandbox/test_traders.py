"""The simple traders: the same for the same seed, both sides quoted, a bounded number of orders, prices inside the limits."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cambist import _core
from cambist.app.config import default_text, parse, terms
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import Side
from cambist.domain.units import AccountId
from cambist.exchange import Commands, Done
from cambist.sandbox.quoting import LEVELS, TOO_CLOSE, TOO_FAR, missing, size, stale
from cambist.sandbox.traders import ACCOUNTS, MAKERS, Traders
from cambist.sandbox.walk import Walk
from cambist.scheduling import ManualScheduler
from tests.support.immediate import Immediate


class Floor:
    """The exchange as traders see it, on a bare engine whose clock ticks with every command."""

    def __init__(self) -> None:
        self.engine = _core.Engine()
        self.now = 1_000_000

    def tick(self) -> int:
        self.now += 1
        return self.now

    async def place(
        self, account: int, market: int, side: int, type: int, tif: int, price: int, amount: int, *, post_only: bool = False
    ) -> Done[None]:
        return Done(self.engine.place_order(self.tick(), account, market, side, type, tif, int(post_only), 0, price, amount), None)

    async def cancel_many(self, account: int, order_ids: Sequence[int]) -> Done[None]:
        return Done(self.engine.cancel_many(self.tick(), account, order_ids), None)


def floor() -> tuple[Floor, list[AccountId]]:
    """The default markets, and the traders' funded accounts."""
    exchange, config = Floor(), parse(default_text())
    engine = exchange.engine
    numbers = {asset.code: engine.create_asset(exchange.tick(), asset.code, asset.scale, asset.display_scale).id for asset in config.asset}
    for market in config.market:
        wanted = terms(config, market)
        fields = [getattr(wanted, name) for name in wanted.__struct_fields__]
        assert engine.create_market(exchange.tick(), numbers[market.base], numbers[market.quote], *fields).code == 0
    accounts = [AccountId(engine.open_account(exchange.tick()).id) for _ in range(ACCOUNTS)]
    for number, account in enumerate(accounts):
        for asset in numbers.values():
            engine.transfer(exchange.tick(), number * 100 + asset + 1, _core.WORLD, account, asset, 1, 0, 10**9 * 10**16)
    return exchange, accounts


def crew(seed: int) -> tuple[Floor, Any]:
    exchange, accounts = floor()
    traders = Traders(cast("Commands", exchange), exchange.engine, ManualScheduler(exchange.now), accounts, seed)
    return exchange, Immediate(traders)


def beat(traders: Any, times: int) -> None:
    for _ in range(times):
        traders._beat()


def test_the_same_seed_makes_the_same_market() -> None:
    hashes = []
    for seed in (7, 7, 8):
        exchange, traders = crew(seed)
        traders.open_markets()
        beat(traders, 200)
        hashes.append(exchange.engine.state_hash())
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_after_opening_every_market_has_depth_and_a_price() -> None:
    exchange, traders = crew(1)
    traders.open_markets()
    for market in exchange.engine.markets():
        bids, asks = exchange.engine.depth(market.id, 0)
        # Where a tick is much of the price, two quotes may share a level.
        assert exchange.engine.live_orders(market.id) >= 2 * LEVELS
        assert min(len(bids), len(asks)) > LEVELS // 2
        assert market.last_price > 0


def test_a_long_day_stays_two_sided_bounded_and_solvent() -> None:
    exchange, traders = crew(2)
    traders.open_markets()
    for _ in range(30):
        beat(traders, 100)
        for market in exchange.engine.markets():
            bid, ask = exchange.engine.best(market.id)
            assert 0 < bid < ask
            assert exchange.engine.live_orders(market.id) <= 2 * LEVELS * MAKERS
    assert all(sum(parts) == 0 for parts in exchange.engine.totals())
    assert exchange.engine.next_trade_id > 500


def test_a_halted_market_is_left_alone() -> None:
    exchange, traders = crew(3)
    traders.open_markets()
    exchange.engine.set_market_status(exchange.tick(), 0, MarketStatus.HALTED)
    before = exchange.engine.depth(0, 0)
    beat(traders, 100)
    assert exchange.engine.depth(0, 0) == before


def test_a_venue_without_markets_bores_nobody() -> None:
    floor = Floor()
    traders = Immediate(
        Traders(cast("Commands", floor), floor.engine, ManualScheduler(1), [AccountId(number) for number in range(16, 20)], 1)
    )
    traders.open_markets()
    beat(traders, 3)


def order(side: Side, price: int, number: int = 1) -> _core.LiveOrder:
    return cast("_core.LiveOrder", SimpleNamespace(order_id=number, side=side, price=price))


@pytest.mark.parametrize(
    ("side", "price", "gone"),
    [
        (Side.BUY, 999_000, False),
        (Side.SELL, 1_001_000, False),
        (Side.BUY, 1_000_000, True),
        (Side.BUY, round(1_000_000 * (1 - TOO_CLOSE / 2)), True),
        (Side.BUY, round(1_000_000 * (1 - TOO_FAR * 1.1)), True),
        (Side.SELL, 999_000, True),
        (Side.SELL, round(1_000_000 * (1 + TOO_FAR * 1.1)), True),
    ],
)
def test_quotes_are_stale_when_the_price_left_or_reached_them(side: Side, price: int, gone: bool) -> None:
    assert stale([order(side, price)], 1_000_000.0) == ([1] if gone else [])


def spec(**changes: int) -> _core.MarketSpec:
    fields: dict[str, Any] = {"amount_scale": 8, "min_price": 1, "max_price": 10**9, "min_amount": 1000, "max_amount": 10**14}
    return cast("_core.MarketSpec", SimpleNamespace(**fields | changes))


def test_missing_quotes_fill_each_side_away_from_the_price() -> None:
    from random import Random

    quotes = missing([order(Side.BUY, 999_000)], spec(), 1_000_000.0, 100.0, Random(1))
    assert sum(quote.side == Side.BUY for quote in quotes) == LEVELS - 1
    assert sum(quote.side == Side.SELL for quote in quotes) == LEVELS
    assert all((quote.price < 1_000_000) == (quote.side == Side.BUY) for quote in quotes)


def test_prices_outside_the_markets_limits_are_not_quoted() -> None:
    from random import Random

    assert missing([], spec(min_price=2_000_000), 1_000_000.0, 100.0, Random(1)) == []


def test_sizes_are_inside_the_limits_and_short() -> None:
    from random import Random

    random = Random(1)
    for _ in range(1000):
        amount = size(spec(), 2500.0, random)
        assert 1000 <= amount <= 10**14
        assert len(str(amount).rstrip("0")) <= 3
    assert size(spec(min_amount=10**12), 2500.0, random) == 10**12


def test_prices_of_all_markets_fit_together() -> None:
    from random import Random

    walk = Walk(["BTC", "USD", "EUR"], Random(1))
    for _ in range(1000):
        walk.step()
    assert walk.price("BTC", "EUR") * walk.price("EUR", "USD") == pytest.approx(walk.price("BTC", "USD"))
    assert 0.5 < walk.price("BTC", "USD") / 2500 < 2
