"""`Trade`: what it answers, what it does, and the text of every rejection."""

import json

import pytest

from cambist.domain.markets import MarketStatus
from tests.dialects.btce_wex.floor import Floor, Trader


async def test_an_order_that_rests(floor: Floor, alice: Trader) -> None:
    await floor.call(alice, "Trade", pair="btc_usd", type="buy", rate="100.500", amount="0.50000000")
    assert floor.replies[-1] == (
        b'{"success":1,"return":{"received":0,"remains":0.5,"order_id":1000001,"funds":{"usd":99949.75,"btc":100,"ltc":1000,"eth":0,"eur":0}}}'
    )


async def test_an_order_that_is_matched_at_once(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.call(alice, "Trade", pair="btc_usd", type="buy", rate="100", amount="2")
    await floor.call(bob, "Trade", pair="btc_usd", type="sell", rate="0.1", amount="0.1")
    # The rate 0.1 emulates a market sell: it trades at the resting order's 100, less 0.2 % of what is received.
    assert floor.replies[-1] == (
        b'{"success":1,"return":{"received":0.1,"remains":0,"order_id":0,"funds":{"usd":100009.98,"btc":99.9,"ltc":1000,"eth":0,"eur":0}}}'
    )
    # The maker pays the fee from what he receives as well: 0.1 BTC less 0.2 %.
    assert (await floor.returned(alice, "getInfo"))["funds"]["btc"] == 100.0998


async def test_an_order_that_is_matched_partly(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="100", amount="2")
    answer = await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="100", amount="5")
    assert (answer["received"], answer["remains"], answer["order_id"]) == (2, 3, 1_000_002)
    assert list(answer) == ["received", "remains", "order_id", "funds"]


async def test_the_better_price_is_the_takers(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="90", amount="1")
    answer = await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="100", amount="1")
    assert answer["funds"]["usd"] == 99910
    assert answer["funds"]["btc"] == 100.998


@pytest.mark.parametrize("amount", ["1e-05", "1.0E-5", "0.00001", ".00001", "0.000010000000000"])
async def test_amounts_as_clients_write_them(floor: Floor, alice: Trader, amount: str) -> None:
    floor.set_limits(min_price=1, min_amount=1)
    answer = await floor.returned(alice, "Trade", pair="btc_usd", type="sell", rate="10", amount=amount)
    assert floor.replies[-1].startswith(b'{"success":1,"return":{"received":0,"remains":0.00001,"order_id":')
    assert answer["remains"] == 0.00001


WRONG_FIELDS = [
    {},
    {"type": "buy", "rate": "1", "amount": "1"},
    {"pair": "", "type": "buy", "rate": "1", "amount": "1"},
    {"pair": "usd_btc", "type": "buy", "rate": "1", "amount": "1"},
    {"pair": "BTC_USD", "type": "buy", "rate": "1", "amount": "1"},
    {"pair": "btc_usd", "rate": "1", "amount": "1"},
    {"pair": "btc_usd", "type": "BUY", "rate": "1", "amount": "1"},
    {"pair": "btc_usd", "type": "hold", "rate": "1", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1.0001", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "0.123456789"},
    {"pair": "btc_usd", "type": "buy", "rate": "1,5", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "-1", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "-1"},
    {"pair": "btc_usd", "type": "buy", "rate": "NaN", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "inf"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1" + "0" * 40},
    {"pair": "btc_usd", "type": "buy", "rate": "1e40", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1e999999999999"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1e9999999999999999999"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1e-9999999999999999999"},
    {"pair": "btc_usd", "type": "buy", "rate": "1e9999999999999999999", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1e-999999", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "mode": "market", "amount": "1e9999999999999999999"},
    # Only `mode=market` makes a market order: a rate that is empty or misspelt does not.
    {"pair": "btc_usd", "type": "buy", "rate": "", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "Rate": "1", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "null", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "0x0", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "0x10"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1_0"},
    {"pair": "btc_usd", "type": "buy", "rate": "１", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1\x00"},
    {"pair": "btc_usd", "type": "buy", "rate": "one", "amount": "1"},
    {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1", "mode": "stop"},
    {"pair": "btc_usd", "type": "buy", "mode": "market"},
]


@pytest.mark.parametrize("fields", WRONG_FIELDS)
async def test_wrong_fields(floor: Floor, alice: Trader, fields: dict[str, str]) -> None:
    before = floor.money(), floor.orders()
    assert await floor.error(alice, "Trade", **fields) == "You incorrectly entered one of fields."
    assert (floor.money(), floor.orders()) == before


@pytest.mark.parametrize(
    ("pair", "side", "rate", "amount", "error"),
    [
        ("btc_usd", "buy", "10000", "10.001", "It is not enough USD for purchase"),
        ("btc_usd", "sell", "10000", "100.00000001", "It is not enough BTC for sell"),
        ("ltc_btc", "buy", "1", "101", "It is not enough BTC for purchase"),
        ("eur_usd", "sell", "1", "1", "It is not enough EUR for sell"),
        ("btc_usd", "buy", "1", "0.0009", "Value USD must be greater than 0.001 USD."),
        ("btc_usd", "sell", "1", "0.0009", "Value BTC must be greater than 0.001 BTC."),
        ("ltc_btc", "buy", "1", "0", "Value BTC must be greater than 0.01 BTC."),
        ("btc_usd", "buy", "0.099", "1", "Price per BTC must be greater than 0.1 USD."),
        ("btc_usd", "sell", "0", "1", "Price per BTC must be greater than 0.1 USD."),
        ("btc_usd", "buy", "0", "1", "Price per BTC must be greater than 0.1 USD."),
        ("btc_usd", "buy", "0.0", "1", "Price per BTC must be greater than 0.1 USD."),
        ("btc_usd", "buy", "00", "1", "Price per BTC must be greater than 0.1 USD."),
        ("btc_usd", "buy", "0e5", "1", "Price per BTC must be greater than 0.1 USD."),
        ("btc_usd", "buy", "99999999999999999999", "1", "Price per BTC must be lower than 10000 USD."),
        ("btc_usd", "buy", "1", "99999999999999999999", "Value BTC must be lower than 1000000 BTC."),
        ("btc_usd", "sell", "10000.001", "1", "Price per BTC must be lower than 10000 USD."),
        ("btc_usd", "buy", "18446744073709552", "1", "Price per BTC must be lower than 10000 USD."),
        ("ltc_btc", "sell", "11", "1", "Price per LTC must be lower than 10 BTC."),
        ("btc_usd", "sell", "1", "1000000.00000001", "Value BTC must be lower than 1000000 BTC."),
        ("btc_usd", "sell", "1", "184467440738", "Value BTC must be lower than 1000000 BTC."),
    ],
)
async def test_rejections(floor: Floor, alice: Trader, pair: str, side: str, rate: str, amount: str, error: str) -> None:
    before = floor.money(), floor.orders()
    assert await floor.error(alice, "Trade", pair=pair, type=side, rate=rate, amount=amount) == error
    assert (floor.money(), floor.orders()) == before


async def test_a_minimum_total(floor: Floor, alice: Trader) -> None:
    floor.set_limits(min_price=100, min_amount=1, min_total=5 * 10**15)
    error = await floor.error(alice, "Trade", pair="btc_usd", type="buy", rate="0.1", amount="1")
    assert error == "Value USD must be greater than 0.5 USD."


async def test_a_halted_market_and_a_full_disk(floor: Floor, alice: Trader) -> None:
    order = {"pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1"}
    resting = (await floor.returned(alice, "Trade", **order))["order_id"]
    floor.immediate.set_market_status(0, MarketStatus.HALTED)
    assert await floor.error(alice, "Trade", **order) == "not available"
    assert await floor.error(alice, "Trade", **order, mode="market") == "not available"
    assert list(await floor.returned(alice, "ActiveOrders", pair="btc_usd")) == [str(resting)]
    floor.immediate.set_market_status(0, MarketStatus.OPEN)
    floor.journal.space_low = True
    assert await floor.error(alice, "Trade", **order) == "not available"
    assert (await floor.returned(alice, "CancelOrder", order_id=resting))["order_id"] == resting


async def test_too_many_open_orders(floor: Floor, alice: Trader) -> None:
    floor.immediate.set_max_open_orders(2)
    for _ in range(2):
        await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="1", amount="1")
    assert await floor.error(alice, "Trade", pair="btc_usd", type="buy", rate="1", amount="1") == "too many open orders"


class TestMarketMode:
    """WEX's `mode=market`: the rate is not looked at, the amount is base, and nothing of it ever rests."""

    async def test_buys_from_the_best_price_on(self, floor: Floor, alice: Trader, bob: Trader) -> None:
        for rate in ("100", "101"):
            await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate=rate, amount="1")
        answer = await floor.returned(alice, "Trade", pair="btc_usd", type="buy", mode="market", amount="1.5")
        assert (answer["received"], answer["remains"], answer["order_id"]) == (1.5, 0, 0)
        assert answer["funds"]["usd"] == 100000 - 100 - 50.5

    async def test_the_rest_is_dropped_when_the_book_runs_empty(self, floor: Floor, alice: Trader, bob: Trader) -> None:
        await floor.returned(bob, "Trade", pair="btc_usd", type="buy", rate="100", amount="1")
        answer = await floor.returned(alice, "Trade", pair="btc_usd", type="sell", mode="market", amount="3", rate="ignored")
        assert (answer["received"], answer["remains"], answer["order_id"]) == (1, 2, 0)
        answer = await floor.returned(alice, "Trade", pair="btc_usd", type="sell", mode="market", amount="3", rate="")
        assert (answer["received"], answer["remains"], answer["order_id"]) == (0, 3, 0)
        assert floor.orders() == []

    @pytest.mark.parametrize(
        ("side", "amount", "error"),
        [
            ("sell", "100.1", "It is not enough BTC for sell"),
            ("buy", "41", "It is not enough USD for purchase"),
            ("buy", "0.0001", "Value USD must be greater than 0.001 USD."),
            ("sell", "1000001", "Value BTC must be lower than 1000000 BTC."),
            ("sell", "400000000000", "Value BTC must be lower than 1000000 BTC."),
        ],
    )
    async def test_is_refused_whole(self, floor: Floor, alice: Trader, bob: Trader, side: str, amount: str, error: str) -> None:
        # 100,000 USD buy 20 at 2000 and 20 at 3000: the 41st is too much. The levels are more than are looked at first.
        for number in range(40):
            rate = 2000 + number / 1000 if number < 20 else 3000 + number / 1000
            await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate=f"{rate:.3f}", amount="1")
        before = floor.money(), floor.orders()
        assert await floor.error(alice, "Trade", pair="btc_usd", type=side, mode="market", amount=amount) == error
        assert (floor.money(), floor.orders()) == before

    async def test_without_any_money(self, floor: Floor) -> None:
        carol = floor.trader("carol")
        for side, error in (("buy", "It is not enough USD for purchase"), ("sell", "It is not enough BTC for sell")):
            assert await floor.error(carol, "Trade", pair="btc_usd", type=side, mode="market", amount="1") == error


async def test_trading_with_oneself(floor: Floor, alice: Trader) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="100", amount="1")
    answer = await floor.returned(alice, "Trade", pair="btc_usd", type="sell", rate="100", amount="1")
    assert (answer["received"], answer["remains"], answer["order_id"]) == (1, 0, 0)


async def test_get_info(floor: Floor, alice: Trader) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="sell", rate="100", amount="0.00100001")
    await floor.call(alice, "getInfo")
    assert floor.replies[-1] == (
        b'{"success":1,"return":{"funds":{"usd":100000,"btc":99.99899999,"ltc":1000,"eth":0,"eur":0},'
        b'"rights":{"info":1,"trade":1,"withdraw":1},"transaction_count":0,"open_orders":1,"server_time":1795000000}}'
    )
    reader = floor.keyed(alice.user, scopes=frozenset({"info"}))
    assert (await floor.returned(reader, "getInfo"))["rights"] == {"info": 1, "trade": 0, "withdraw": 0}


async def test_what_is_shown_is_cut_never_rounded_up(floor: Floor, alice: Trader, bob: Trader) -> None:
    # The fee of 0.002 on 0.00033333 BTC leaves 0.00033266334 BTC: more digits than are shown.
    floor.set_limits(min_price=1, min_amount=1)
    await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="100", amount="0.00033333")
    answer = await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="100", amount="0.00033333")
    assert json.dumps(answer["funds"]["btc"]) == "100.00033266"


async def test_a_new_asset_joins_the_funds(floor: Floor, alice: Trader) -> None:
    await floor.returned(alice, "getInfo")
    floor.immediate.create_asset("NMC", 16, 8)
    assert list((await floor.returned(alice, "getInfo"))["funds"]) == ["usd", "btc", "ltc", "eth", "eur", "nmc"]
