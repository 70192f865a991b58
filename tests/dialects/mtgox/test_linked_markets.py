"""Linked markets as clients of this API see them: one market for a coin, whatever it is paid with."""

import random
from typing import Any

import pytest

from cambist import _core
from cambist.dialects.mtgox import converted_books
from cambist.domain.trades import Appearance
from cambist.marketdata import MarketData
from tests.dialects.mtgox.floor import NOON, SECOND, Floor, Trader
from tests.dialects.mtgox.linked_floor import link_markets, set_rates


@pytest.fixture
def group(floor: Floor, alice: Trader, bob: Trader) -> None:
    link_markets(floor)


async def dollars_meet_euros(floor: Floor, alice: Trader, bob: Trader) -> tuple[str, str]:
    """Bob's ask of 0.5 at 5.56 dollars rests, Alice takes it with euros; their orders. A euro is 1.085 dollars, converting costs 0.25 %."""
    ask = await floor.order(bob, "ask", "5.56", "0.5")
    bid = await floor.order(alice, "bid", "5.2", "0.5", "BTCEUR")
    return bid, ask


# --- trades -------------------------------------------------------------------------------------------------------------------


async def test_the_example_of_the_reference(floor: Floor, alice: Trader, bob: Trader) -> None:
    link_markets(floor, fee_ppm=0)
    set_rates(floor, EUR="1.25", GBP="1.25")
    await floor.order(bob, "ask", "3.5599", "3.6900096", "BTCGBP")
    await floor.order(alice, "bid", "3.56", "3.6900096", "BTCEUR")
    (euros,), (pounds,) = await floor.public("BTCEUR/public/trades"), await floor.public("BTCGBP/public/trades")
    assert euros == {
        "date": NOON // SECOND, "price": "3.5599", "amount": "3.6900096", "price_int": "355990", "amount_int": "369000960",
        "tid": str(NOON), "price_currency": "EUR", "item": "BTC", "trade_type": "bid", "primary": "Y", "properties": "limit,mixed_currency",
    }  # fmt: skip
    assert pounds == euros | {"price_currency": "GBP", "primary": "N"}
    assert await floor.public("BTCUSD/public/trades") == await floor.public("BTCJPY/public/trades") == []


async def test_each_currency_shows_its_own_price_of_one_trade(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    await dollars_meet_euros(floor, alice, bob)
    (euros,), (dollars,) = await floor.public("BTCEUR/trades"), await floor.public("BTCUSD/trades")
    # 5.56 * 1.0025 / 1.085 = 5.137235..., up to the fifth decimal.
    assert (euros["price"], euros["price_int"], euros["primary"]) == ("5.13724", "513724", "Y")
    assert (dollars["price"], dollars["price_int"], dollars["primary"]) == ("5.56", "556000", "N")
    assert euros["tid"] == dollars["tid"]
    assert euros["properties"] == dollars["properties"] == "limit,mixed_currency"
    old = (await floor.json("GET", "/api/0/data/getTrades.php?Currency=EUR"))[0]
    assert (old["primary"], old["properties"]) == ("Y", "limit,mixed_currency")


@pytest.mark.parametrize("buyer_pays", ["EUR", "USD"])
@pytest.mark.parametrize("taker", ["bid", "ask"])
async def test_primary_is_the_buyers_whoever_takes(
    floor: Floor, alice: Trader, bob: Trader, group: None, buyer_pays: str, taker: str
) -> None:
    bid, ask = (alice, "bid", "10", "1", f"BTC{buyer_pays}"), (bob, "ask", "2", "1", "BTCUSD" if buyer_pays == "EUR" else "BTCEUR")
    for order in (ask, bid) if taker == "bid" else (bid, ask):
        await floor.order(*order)
    found = {pair: (await floor.public(f"{pair}/trades"))[0] for pair in ("BTCUSD", "BTCEUR")}
    assert {pair: trade["primary"] for pair, trade in found.items()} == {bid[4]: "Y", ask[4]: "N"}
    assert {trade["trade_type"] for trade in found.values()} == {taker}


async def test_a_market_order_over_currencies(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    await floor.order(bob, "ask", "5.56", "0.5")
    await floor.returned(alice, "BTCEUR/order/add", type="bid", amount_int=5 * 10**7)
    for pair in ("BTCUSD", "BTCEUR"):
        assert [trade["properties"] for trade in await floor.public(f"{pair}/trades")] == ["market,mixed_currency"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["own", "mixed Y", "mixed N"]),
        ("primary=", ["own", "mixed Y", "mixed N"]),
        ("primary=0", ["own", "mixed Y", "mixed N"]),
        ("primary=1", ["own", "mixed Y"]),
        ("primary=Y", ["own", "mixed Y"]),
        ("primary=y&since=0", ["own", "mixed Y"]),
        ("primary=N", ["mixed N"]),
        ("primary=N&since=0", ["mixed N"]),
    ],
)
async def test_trades_of_one_kind(floor: Floor, alice: Trader, bob: Trader, group: None, query: str, expected: list[str]) -> None:
    await floor.order(bob, "ask", "5", "1", "BTCEUR")
    await floor.order(alice, "bid", "5", "1", "BTCEUR")
    floor.clock.now += SECOND
    await floor.order(bob, "ask", "5", "1", "BTCUSD")
    await floor.order(alice, "bid", "5", "1", "BTCEUR")
    floor.clock.now += SECOND
    await floor.order(alice, "bid", "6", "1", "BTCUSD")
    await floor.order(bob, "ask", "5", "1", "BTCEUR")
    trades = await floor.public(f"BTCEUR/trades?{query}")
    names = {("limit", "Y"): "own", ("limit,mixed_currency", "Y"): "mixed Y", ("limit,mixed_currency", "N"): "mixed N"}
    assert [names[trade["properties"], trade["primary"]] for trade in trades] == expected
    assert [int(trade["tid"]) for trade in trades] == sorted(int(trade["tid"]) for trade in trades)


async def test_primary_is_y_or_n(floor: Floor, alice: Trader, bob: Trader) -> None:
    refused = await floor.json("GET", "/api/1/BTCUSD/trades?primary=X")
    assert refused == {"result": "error", "error": 'Invalid parameter "primary" (should be Y or N)', "token": "invalid_parameter"}


async def test_what_memory_takes_up_at_the_next_start_says_the_same(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    await dollars_meet_euros(floor, alice, bob)
    await floor.services.history.reached(floor.engine.seq)
    again = MarketData((0, 1, 2, 3), floor.clock)
    await again.load(floor.services.history)
    for market, appearance in ((0, Appearance.SECONDARY), (1, Appearance.PRIMARY)):
        assert again.trades(market, 10) == floor.marketdata.trades(market, 10)
        assert [trade.appearance for trade in again.trades(market, 10)] == [appearance]


# --- ticker -------------------------------------------------------------------------------------------------------------------


async def lasts(floor: Floor, pair: str) -> dict[str, tuple[str, str]]:
    full, fast = await floor.public(f"{pair}/ticker"), await floor.public(f"{pair}/ticker_fast")
    names = ("last_local", "last_orig", "last_all", "last")
    assert [full[name] for name in names] == [fast[name] for name in names]
    assert full["last"] == full["last_all"]
    return {name: (full[name]["value"], full[name]["currency"]) for name in names[:3]}


async def test_the_last_trade_in_four_ways(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    nothing = {name: ("0", "GBP") for name in ("last_local", "last_orig", "last_all")}
    assert await lasts(floor, "BTCGBP") == nothing
    await dollars_meet_euros(floor, alice, bob)
    # Both of the trade's own currencies have it at its price there; the original is the buyer's.
    original = ("5.13724", "EUR")
    assert await lasts(floor, "BTCEUR") == {"last_local": original, "last_orig": original, "last_all": original}
    assert await lasts(floor, "BTCUSD") == {"last_local": ("5.56", "USD"), "last_orig": original, "last_all": ("5.56", "USD")}
    # 5.13724 * 1.085 / 1.5 = 3.715936...; yen have three decimals: 5.13724 * 1.085 / 0.0125 = 445.912432.
    assert await lasts(floor, "BTCGBP") == {"last_local": ("0", "GBP"), "last_orig": original, "last_all": ("3.71594", "GBP")}
    assert await lasts(floor, "BTCJPY") == {"last_local": ("0", "JPY"), "last_orig": original, "last_all": ("445.912", "JPY")}
    floor.clock.now += SECOND
    await floor.order(bob, "ask", "6", "1", "BTCGBP")
    await floor.order(alice, "bid", "6", "1", "BTCGBP")
    assert await lasts(floor, "BTCUSD") == {"last_local": ("5.56", "USD"), "last_orig": ("6", "GBP"), "last_all": ("9", "USD")}


async def test_without_a_current_rate_the_last_trade_is_the_local_one(floor: Floor, alice: Trader, bob: Trader) -> None:
    link_markets(floor, max_age=60 * SECOND)
    for pair, price in (("BTCUSD", "5"), ("BTCGBP", "6")):
        await floor.order(bob, "ask", price, "1", pair)
        await floor.order(alice, "bid", price, "1", pair)
        floor.clock.now += SECOND
    assert (await lasts(floor, "BTCUSD"))["last_all"] == ("9", "USD")
    floor.clock.now += 61 * SECOND
    floor.sequencer.advance()
    await floor.order(bob, "ask", "50", "1")  # a command, and the rates are too old
    assert await lasts(floor, "BTCUSD") == {"last_local": ("5", "USD"), "last_orig": ("6", "GBP"), "last_all": ("5", "USD")}


async def test_the_best_prices_are_those_of_all_currencies(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    await floor.order(bob, "ask", "5.56", "0.5", "BTCUSD")
    await floor.order(alice, "bid", "5", "1", "BTCEUR")
    found = {pair: await floor.public(f"{pair}/ticker") for pair in ("BTCUSD", "BTCEUR")}
    # 5 * 1.085 / 1.0025 = 5.411..., down to the market's third decimal.
    assert {pair: (ticker["buy"]["value"], ticker["sell"]["value"]) for pair, ticker in found.items()} == {
        "BTCUSD": ("5.411", "5.56"), "BTCEUR": ("5", "5.13724"),
    }  # fmt: skip


# --- depth --------------------------------------------------------------------------------------------------------------------

Level = tuple[str, str]


def shown(depth: dict[str, Any]) -> tuple[list[Level], list[Level]]:
    bids, asks = ([(str(level["price"]), level["amount_int"]) for level in depth[side]] for side in ("bids", "asks"))
    return bids, asks


async def test_depth_has_the_orders_of_all_currencies_converted(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    await floor.order(bob, "ask", "5.56", "0.5", "BTCUSD")
    await floor.order(bob, "ask", "5.13724", "2", "BTCEUR")
    await floor.order(bob, "ask", "5.2", "1", "BTCEUR")
    await floor.order(alice, "bid", "4", "1", "BTCEUR")
    await floor.order(alice, "bid", "3", "2", "BTCGBP")
    # Equal prices are one level; pounds: 3 * 1.5 / (1.085 * 1.0025) = 4.137126..., down.
    expected = ([("4", "100000000"), ("4.13712", "200000000")], [("5.13724", "250000000"), ("5.2", "100000000")])
    for path in ("BTCEUR/depth", "BTCEUR/fulldepth"):
        assert shown(await floor.public(path)) == expected
    old = await floor.json("GET", "/api/0/data/getDepth.php?Currency=EUR")
    assert old == {"asks": [[5.13724, 2.5], [5.2, 1]], "bids": [[4.13712, 2], [4, 1]]}
    data = (await floor.json("GET", "/api/2/BTCEUR/money/depth/full"))["data"]
    assert (shown(data), data["now"]) == (expected, str(NOON))


async def test_depth_follows_rates_funds_and_halts(floor: Floor, alice: Trader, bob: Trader) -> None:
    link_markets(floor, fee_ppm=0, funds="10")
    await floor.order(bob, "ask", "5", "4", "BTCUSD")
    # The conversion account has ten dollars for the seller: two coins.
    assert shown(await floor.public("BTCGBP/fulldepth")) == ([], [("3.33334", "200000000")])
    floor.clock.now += SECOND
    set_rates(floor, GBP="2")
    depth = await floor.public("BTCGBP/fulldepth")
    assert shown(depth) == ([], [("2.5", "200000000")])
    assert depth["asks"][0]["stamp"] == str(floor.clock.now)
    floor.fund(_core.CONVERSION, "USD", "5")
    assert shown(await floor.public("BTCGBP/fulldepth")) == ([], [("2.5", "300000000")])
    floor.immediate.set_market_status(0, 1)
    assert shown(await floor.public("BTCGBP/fulldepth")) == ([], [])


async def test_a_market_that_leaves_the_group_shows_its_own_orders_alone(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    await floor.order(bob, "ask", "5", "4", "BTCUSD")
    await floor.order(bob, "ask", "7", "1", "BTCGBP")
    assert len(shown(await floor.public("BTCGBP/fulldepth"))[1]) == 2
    assert floor.immediate.unlink_market(3).code == 0
    assert shown(await floor.public("BTCGBP/fulldepth")) == ([], [("7", "100000000")])
    assert (await floor.public("BTCGBP/ticker"))["sell"]["value"] == "7"


async def test_a_linked_book_shows_its_best_levels(
    floor: Floor, alice: Trader, bob: Trader, group: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converted_books, "LEVELS", 3)
    for price in range(10, 15):
        await floor.order(bob, "ask", str(price), "1")
    assert [price for price, _ in shown(await floor.public("BTCUSD/fulldepth"))[1]] == ["10", "11", "12"]


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_shown_can_be_taken_at_that_price_or_better(floor: Floor, alice: Trader, bob: Trader, group: None, seed: int) -> None:
    dice = random.Random(seed)
    in_dollars = {"BTCUSD": 1.0, "BTCEUR": 1.085, "BTCJPY": 0.0125, "BTCGBP": 1.5}
    for _ in range(60):
        side, pair = dice.choice(("bid", "ask")), dice.choice(list(in_dollars))
        dollars = dice.uniform(8, 9.9) if side == "bid" else dice.uniform(10.1, 12)
        await floor.order(bob, side, f"{dollars / in_dollars[pair]:.3f}", f"0.{dice.randint(1, 99):02}", pair)
    pair = dice.choice(list(in_dollars))
    for side, opposite in (("bid", "asks"), ("ask", "bids")):
        levels = (await floor.public(f"{pair}/fulldepth"))[opposite]
        levels = levels if side == "bid" else levels[::-1]
        reached = levels[: dice.randint(1, len(levels))]
        amount, worst = sum(int(level["amount_int"]) for level in reached), int(reached[-1]["price_int"])
        quoted = (await floor.public(f"{pair}/order/quote?type={side}&amount={amount}"))["amount"]
        oid = await floor.returned(alice, f"{pair}/order/add", type=side, amount_int=amount, price_int=worst)
        result = await floor.returned(alice, "generic/order/result", type=side, order=oid)
        assert result["total_amount"]["value_int"] == str(amount)
        prices = [int(trade["price"]["value_int"]) for trade in result["trades"]]
        spent = int(result["total_spent"]["value_int"])
        assert max(prices) <= worst if side == "bid" else min(prices) >= worst
        assert spent <= quoted if side == "bid" else spent >= quoted
        rest = (await floor.public(f"{pair}/fulldepth"))[opposite]
        assert len(rest) == len(levels) - len(reached)


# --- one's own ----------------------------------------------------------------------------------------------------------------


async def test_each_side_has_its_result_in_its_own_currency(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    bid, ask = await dollars_meet_euros(floor, alice, bob)
    bought = await floor.returned(alice, "generic/order/result", type="bid", order=bid)
    sold = await floor.returned(bob, "generic/order/result", type="ask", order=ask)
    # Alice pays 2.78 * 1.0025 / 1.085 = 2.568617511...: less than half of the rounded price.
    assert (bought["total_spent"]["value"], bought["total_spent"]["currency"]) == ("2.56861", "EUR")
    assert bought["avg_cost"]["value"] == "5.13723"
    assert (sold["total_spent"]["value"], sold["avg_cost"]["value"], sold["avg_cost"]["currency"]) == ("2.78", "5.56", "USD")
    (buy,), (sale,) = bought["trades"], sold["trades"]
    assert (buy["primary"], buy["currency"], buy["price"]["value"], buy["spent"]["value"]) == ("Y", "EUR", "5.13724", "2.56861")
    assert (sale["primary"], sale["currency"], sale["price"]["value"], sale["spent"]["value"]) == ("N", "USD", "5.56", "2.78")
    assert buy["properties"] == sale["properties"] == "limit,mixed_currency"
    assert buy["trade_id"] == sale["trade_id"]
    (mine,) = await floor.returned(bob, "generic/trades")
    assert (mine["price_currency"], mine["price"], mine["trade_type"], mine["primary"]) == ("USD", "5.56", "ask", "N")
    assert await floor.returned(bob, "BTCEUR/private/trades") == []


async def test_wallets_say_what_was_converted(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    await dollars_meet_euros(floor, alice, bob)
    tid = (await floor.public("BTCUSD/trades"))[0]["tid"]
    spent = (await floor.returned(alice, "generic/wallet/history", currency="EUR", trade_id=tid))["result"]
    earned = (await floor.returned(bob, "generic/wallet/history", currency="USD", trade_id=tid))["result"]
    assert [(row["Type"], row["Value"]["value"], row["Balance"]["value"]) for row in spent] == [("spent", "2.56861", "99997.43138")]
    assert [(row["Type"], row["Value"]["value"]) for row in earned] == [("fee", "0.01668"), ("earned", "2.78")]
    bought = f"BTC bought: [tid:{tid}] 0.50000000\xa0BTC at 5.13724 € (converted from $5.56000) (0.6% fee)"
    sold = f"BTC sold: [tid:{tid}] 0.50000000\xa0BTC at $5.56000 (converted from 5.13724 €) (0.6% fee)"
    assert {row["Info"] for row in spent} == {bought}
    assert {row["Info"] for row in earned} == {sold}
    for row in (*spent, *earned):
        assert row["Trade"]["Properties"] == "limit,mixed_currency"
    coins = (await floor.returned(alice, "generic/wallet/history", currency="BTC", trade_id=tid))["result"]
    assert [(row["Type"], row["Info"]) for row in coins] == [("fee", bought), ("in", bought)]
    assert coins[0]["Link"][2] == f"BTCEUR:{tid}"


async def test_a_quote_goes_over_all_currencies(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    await floor.order(bob, "ask", "5.56", "0.5", "BTCUSD")
    await floor.order(bob, "ask", "5.2", "0.5", "BTCEUR")
    quoted = await floor.public("BTCEUR/order/quote?type=bid&amount=100000000")
    assert quoted == {"amount": (513_724 + 520_000) // 2}
    refused = await floor.json("GET", "/api/1/BTCEUR/order/quote?type=bid&amount=100000001")
    assert refused["token"] == "not_enough_depth"
