"""Public API v3 as clients see it: shapes, orders of keys, limits, pair lists and their errors."""

import asyncio
import json

import pytest

from cambist.domain.markets import MarketStatus
from tests.dialects.btce_wex.floor import DAY, NOON, SECOND, Floor, Trader

NOW = NOON // SECOND


async def deal(
    floor: Floor, maker: Trader, taker: Trader, price: str, amount: str, taker_side: str = "sell", pair: str = "btc_usd"
) -> None:
    """One trade, `taker_side` by the taker."""
    maker_side = "buy" if taker_side == "sell" else "sell"
    await floor.returned(maker, "Trade", pair=pair, type=maker_side, rate=price, amount=amount)
    await floor.returned(taker, "Trade", pair=pair, type=taker_side, rate=price, amount=amount)


async def test_info_names_every_market_with_its_limits(floor: Floor) -> None:
    await floor.public("/api/3/info")
    assert floor.replies[-1] == (
        b'{"server_time":1795000000,"pairs":{'
        b'"btc_usd":{"decimal_places":3,"min_price":0.1,"max_price":10000,"min_amount":0.001,"hidden":0,"fee":0.2},'
        b'"ltc_usd":{"decimal_places":6,"min_price":0.0001,"max_price":1000,"min_amount":0.1,"hidden":0,"fee":0.2},'
        b'"ltc_btc":{"decimal_places":5,"min_price":0.0001,"max_price":10,"min_amount":0.01,"hidden":0,"fee":0.2},'
        b'"eur_usd":{"decimal_places":5,"min_price":0.5,"max_price":2,"min_amount":0.1,"hidden":0,"fee":0.2}}}'
    )


async def test_a_market_without_trades(floor: Floor) -> None:
    await floor.public("/api/3/ticker/btc_usd")
    assert floor.replies[-1] == (
        b'{"btc_usd":{"high":0,"low":0,"avg":0,"vol":0,"vol_cur":0,"last":0,"buy":0,"sell":0,"updated":1795000000}}'
    )
    assert await floor.public("/api/3/depth/btc_usd") == {"btc_usd": {"asks": [], "bids": []}}
    assert await floor.public("/api/3/trades/btc_usd") == {"btc_usd": []}


async def test_ticker_tells_what_the_reader_would_pay_and_get(floor: Floor, alice: Trader, bob: Trader) -> None:
    await deal(floor, alice, bob, "100.001", "1.5")
    await deal(floor, alice, bob, "100.004", "0.5", "buy")
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="99.5", amount="1")
    await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="101.25", amount="2")
    await floor.public("/api/3/ticker/btc_usd")
    # high, low and their exact middle; vol in quote: 1.5 * 100.001 + 0.5 * 100.004; buy is the best ask
    assert floor.replies[-1] == (
        b'{"btc_usd":{"high":100.004,"low":100.001,"avg":100.0025,"vol":200.0035,"vol_cur":2,"last":100.004,'
        b'"buy":101.25,"sell":99.5,"updated":1795000000}}'
    )


async def test_ticker_follows_the_clock_and_forgets_after_a_day(floor: Floor, alice: Trader, bob: Trader) -> None:
    await deal(floor, alice, bob, "100", "1")
    floor.clock.now += 5 * SECOND
    assert (await floor.public("/api/3/ticker/btc_usd"))["btc_usd"] | {"buy": 0, "sell": 0} == {
        "high": 100, "low": 100, "avg": 100, "vol": 100, "vol_cur": 1, "last": 100, "buy": 0, "sell": 0, "updated": NOW + 5,
    }  # fmt: skip
    floor.clock.now += DAY
    after = (await floor.public("/api/3/ticker/btc_usd"))["btc_usd"]
    assert (after["vol"], after["vol_cur"], after["high"], after["last"]) == (0, 0, 100, 100)


async def test_depth_is_best_first_and_summed_up_per_price(floor: Floor, alice: Trader, bob: Trader) -> None:
    for rate, amount in (("90", "1"), ("91.5", "0.1"), ("90", "0.25")):
        await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate=rate, amount=amount)
    for rate, amount in (("95", "3"), ("94.125", "0.00100001")):
        await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate=rate, amount=amount)
    await floor.public("/api/3/depth/btc_usd")
    assert floor.replies[-1] == b'{"btc_usd":{"asks":[[94.125,0.00100001],[95,3]],"bids":[[91.5,0.1],[90,1.25]]}}'
    assert await floor.public("/api/3/depth/btc_usd?limit=1") == {"btc_usd": {"asks": [[94.125, 0.00100001]], "bids": [[91.5, 0.1]]}}


async def test_trades_come_newest_first(floor: Floor, alice: Trader, bob: Trader) -> None:
    await deal(floor, alice, bob, "100", "1")
    floor.clock.now += 2 * SECOND
    await deal(floor, alice, bob, "101.5", "0.25", "buy")
    await floor.public("/api/3/trades/btc_usd")
    assert floor.replies[-1] == (
        b'{"btc_usd":[{"type":"bid","price":101.5,"amount":0.25,"tid":1000002,"timestamp":1795000002},'
        b'{"type":"ask","price":100,"amount":1,"tid":1000001,"timestamp":1795000000}]}'
    )
    assert len((await floor.public("/api/3/trades/btc_usd?limit=1"))["btc_usd"]) == 1


@pytest.mark.parametrize(
    ("limit", "levels"),
    [
        ("", 150),
        ("?limit=", 150),
        ("?limit=7", 7),
        ("?limit=0", 150),
        ("?limit=x", 150),
        ("?limit=-3", 150),
        ("?limit=5000", 160),
        ("?limit=99999999", 160),
        ("?limit=1&limit=2", 2),
        ("?ignore_invalid=1&limit=3", 3),
        ("?limit=%33", 3),
        ("?limit=\x00", 150),
    ],
)
async def test_limits(floor: Floor, alice: Trader, limit: str, levels: int) -> None:
    for number in range(160):
        await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate=str(number + 1), amount="0.001")
    assert len((await floor.public(f"/api/3/depth/btc_usd{limit}"))["btc_usd"]["bids"]) == levels


async def test_fee_is_a_number_of_percent(floor: Floor) -> None:
    await floor.public("/api/3/fee/btc_usd-eur_usd")
    assert floor.replies[-1] == b'{"btc_usd":0.2,"eur_usd":0.2}'


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/api/3/info", "/api/3/info/", "/api/3/info/?", "/api/3/info/btc_usd", "/api/3//info", "/api/3/info?x=1"])
async def test_info_is_answered_however_it_is_spelled(floor: Floor, method: str, path: str) -> None:
    assert list(await floor.public(path, method)) == ["server_time", "pairs"]


@pytest.mark.parametrize(
    ("path", "pairs"),
    [
        ("btc_usd-ltc_usd", ["btc_usd", "ltc_usd"]),
        ("ltc_usd-btc_usd", ["ltc_usd", "btc_usd"]),
        ("btc_usd-", ["btc_usd"]),
        ("-btc_usd--ltc_btc-/", ["btc_usd", "ltc_btc"]),
        ("btc_usd-usd_btc?ignore_invalid=1", ["btc_usd"]),
        ("btc%5Fusd", ["btc_usd"]),
    ],
)
async def test_pair_lists(floor: Floor, path: str, pairs: list[str]) -> None:
    for method in ("ticker", "depth", "trades", "fee"):
        assert list(await floor.public(f"/api/3/{method}/{path}")) == pairs


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("ticker/usd_btc", "Invalid pair name: usd_btc"),
        ("ticker/btc_usd-xyz", "Invalid pair name: xyz"),
        ("depth/BTC_USD", "Invalid pair name: BTC_USD"),
        ('trades/"quoted"', 'Invalid pair name: "quoted"'),
        ("ticker/%ff", "Invalid pair name: \ufffd"),
        ("ticker/usd_btc?ignore_invalid", "Invalid pair name: usd_btc"),
        ("ticker/usd_btc?ignore_invalid=0", "Invalid pair name: usd_btc"),
        ("ticker/usd_btc?ignore_invalid=true", "Invalid pair name: usd_btc"),
        ("ticker/usd_btc?ignore_invalid=1", "Empty pair list"),
        ("ticker/btc_usd-btc_usd", "Duplicated pair name: btc_usd"),
        ("ticker/btc_usd-ltc_usd-btc_usd?ignore_invalid=1", "Duplicated pair name: btc_usd"),
        ("ticker/usd_btc-usd_btc", "Invalid pair name: usd_btc"),
        ("ticker/usd_btc-usd_btc?ignore_invalid=1", "Empty pair list"),
        ("ticker", "Empty pair list"),
        ("ticker/", "Empty pair list"),
        ("depth/-", "Empty pair list"),
        ("trades", "Empty pair list"),
        ("fee", "Empty pair list"),
        ("xyz", "Invalid method"),
        ("xyz/btc_usd", "Invalid method"),
        ("Ticker/btc_usd", "Invalid method"),
        ("", "Invalid method"),
        ("ticker/" + "x" * 1_000, "Invalid pair name: " + "x" * 64),
        ("ticker/" + "x-" * 256 + "?ignore_invalid=1", "Empty pair list"),
        ("ticker/" + "x-" * 257 + "?ignore_invalid=1", "Too many pairs"),
        ("ticker/btc_usd" + "-" * 5_000, "Too many pairs"),
    ],
)
async def test_errors(floor: Floor, path: str, error: str) -> None:
    answer = await floor.public(f"/api/3/{path}")
    assert answer == {"success": 0, "error": error}
    assert floor.replies[-1].startswith(b'{"success":0,"error":"')


async def test_a_halted_market_is_gone_from_info_until_it_is_resumed(floor: Floor) -> None:
    floor.immediate.set_market_status(0, MarketStatus.HALTED)
    assert "btc_usd" not in (await floor.public("/api/3/info"))["pairs"]
    floor.immediate.set_market_status(0, MarketStatus.OPEN)
    assert "btc_usd" in (await floor.public("/api/3/info"))["pairs"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/3/ticker/btc_usd",
        "/api/3/depth/btc_usd-ltc_usd",
        "/api/3/trades/btc_usd",
        "/api/3/fee/btc_usd",
        "/api/2/btc_usd/ticker",
        "/api/2/btc_usd/depth",
        "/api/2/btc_usd/trades",
        "/api/2/btc_usd/fee",
    ],
)
async def test_a_halted_market_is_served_as_before(floor: Floor, alice: Trader, bob: Trader, path: str) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="sell", rate="100", amount="2")
    await floor.returned(bob, "Trade", pair="btc_usd", type="buy", rate="100", amount="1")
    before = await floor.public(path)
    assert "error" not in before
    floor.immediate.set_market_status(0, MarketStatus.HALTED)
    assert await floor.public(path) == before


async def test_a_new_market_and_new_fees_show_at_once(floor: Floor) -> None:
    assert await floor.public("/api/3/fee/eth_usd") == {"success": 0, "error": "Invalid pair name: eth_usd"}
    eth, usd = (floor.catalogue.assets.by_code(code) for code in ("ETH", "USD"))
    assert eth is not None
    assert usd is not None
    floor.immediate.create_market(
        eth.id,
        usd.id,
        5,
        8,
        self_trade=1,
        min_price=1,
        max_price=10**9,
        min_amount=1,
        max_amount=10**12,
        min_total=0,
        maker_ppm=0,
        taker_ppm=2500,
    )
    assert await floor.public("/api/3/fee/eth_usd") == {"eth_usd": 0.25}
    assert list((await floor.public("/api/3/info"))["pairs"])[-1] == "eth_usd"


async def test_a_reply_is_kept_only_while_nothing_changes(floor: Floor, alice: Trader) -> None:
    empty = await floor.public("/api/3/depth/btc_usd")
    assert await floor.public("/api/3/depth/btc_usd") == empty
    order = (await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="5", amount="1"))["order_id"]
    assert (await floor.public("/api/3/depth/btc_usd"))["btc_usd"]["bids"] == [[5, 1]]
    assert (await floor.public("/api/3/ticker/btc_usd"))["btc_usd"]["sell"] == 5
    await floor.returned(alice, "CancelOrder", order_id=order)
    assert await floor.public("/api/3/depth/btc_usd") == empty
    assert (await floor.public("/api/3/ticker/btc_usd"))["btc_usd"]["sell"] == 0


async def test_many_different_limits_do_not_fill_the_memory(floor: Floor, alice: Trader) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="5", amount="1")
    for limit in range(1, 5000, 7):
        assert json.loads((await floor.send("GET", "/api/3/depth/btc_usd", query=b"limit=%d" % limit)).body)["btc_usd"]["bids"] == [[5, 1]]


async def test_a_long_book_comes_whole_and_costs_nobody_else_a_tick(floor: Floor, alice: Trader, bob: Trader) -> None:
    """More levels than are written in one tick of the event loop; whoever asks meanwhile is answered first."""
    for number in range(1_500):
        floor.immediate.place(alice.account, 0, 0, 0, 0, 1_000 + number, 100_000)
    floor.sequencer.drain()
    order = []

    async def ask(path: str) -> object:
        answer = await floor.public(path)
        order.append(path)
        return answer

    long, other = "/api/3/depth/btc_usd?limit=5000", "/api/3/ticker/ltc_usd"
    book, _ticker = await asyncio.gather(ask(long), ask(other))
    assert order == [other, long]
    assert book == {"btc_usd": {"asks": [], "bids": [[(2_499 - number) / 1_000, 0.001] for number in range(1_500)]}}
    assert (await floor.public("/api/2/btc_usd/depth/2000"))["bids"] == book["btc_usd"]["bids"]
