"""Public API v2: one pair a request, its own names for trades, a count as a part of the path."""

import pytest

from tests.dialects.btce_wex.floor import Floor, Trader


async def traded(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="100.5", amount="1")
    await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="100.5", amount="0.75")
    await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="200", amount="2")


async def test_ticker(floor: Floor, alice: Trader, bob: Trader) -> None:
    await traded(floor, alice, bob)
    await floor.public("/api/2/btc_usd/ticker")
    assert floor.replies[-1] == (
        b'{"ticker":{"high":100.5,"low":100.5,"avg":100.5,"vol":75.375,"vol_cur":0.75,"last":100.5,"buy":200,"sell":100.5,'
        b'"updated":1795000000,"server_time":1795000000}}'
    )


async def test_depth(floor: Floor, alice: Trader, bob: Trader) -> None:
    await traded(floor, alice, bob)
    await floor.public("/api/2/btc_usd/depth")
    assert floor.replies[-1] == b'{"asks":[[200,2]],"bids":[[100.5,0.25]]}'


async def test_trades(floor: Floor, alice: Trader, bob: Trader) -> None:
    await traded(floor, alice, bob)
    await floor.public("/api/2/btc_usd/trades")
    assert floor.replies[-1] == (
        b'[{"date":1795000000,"price":100.5,"amount":0.75,"tid":1000001,"price_currency":"USD","item":"BTC","trade_type":"ask"}]'
    )


async def test_fee(floor: Floor) -> None:
    await floor.public("/api/2/btc_usd/fee")
    assert floor.replies[-1] == b'{"trade":0.2}'


@pytest.mark.parametrize("path", ["depth/2", "depth/2/", "depth?limit=2", "depth/?limit=2", "/depth/2?limit=9"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_count_may_be_a_part_of_the_path(floor: Floor, alice: Trader, path: str, method: str) -> None:
    for rate in range(1, 6):
        await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate=rate, amount="1")
    assert await floor.public(f"/api/2/btc_usd/{path}", method) == {"asks": [], "bids": [[5, 1], [4, 1]]}


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/api/2/usd_btc/ticker", "Invalid pair name: usd_btc"),
        ("/api/2/nothing/depth", "Invalid pair name: nothing"),
        ("/api/2/usd_btc", "Invalid pair name: usd_btc"),
        ("/api/2/btc_usd/xyz", "Invalid method"),
        ("/api/2/btc_usd", "Invalid method"),
        ("/api/2/btc_usd/", "Invalid method"),
        ("/api/2/btcusd/tikcer", "Invalid pair name: btcusd"),
        ("/api/2/BTC_USD/ticker", "Invalid pair name: BTC_USD"),
        ("/api/2/btc_usd/tikcer", "Invalid method"),
        ("/api/2", "Invalid pair name: "),
        ("//api//2/nothing", "Invalid pair name: nothing"),
    ],
)
async def test_errors(floor: Floor, path: str, error: str) -> None:
    assert await floor.public(path) == {"success": 0, "error": error}
