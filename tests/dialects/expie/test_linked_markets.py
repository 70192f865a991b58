"""Orders in linked markets: what the books of other currencies offer fills them as their own book does."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cambist import _core
from cambist.domain.reject_reasons import RejectReason
from tests.dialects.expie.floor import BUY, SELL, Floor, Trader

ROUBLES_IN_DOLLARS = "0.03"
"""No whole number of roubles is a whole number of dollars: what a conversion pays is any number of atoms."""


@pytest.fixture
def linked(floor: Floor) -> Floor:
    """A market of bitcoin for roubles beside the one for dollars, both in one group, with a rate and funds to convert with."""
    assert floor.immediate.create_asset("RUR", 16, 8).code == 0
    by_code = floor.catalogue.assets.by_code
    btc, usd, rur = (asset for code in ("BTC", "USD", "RUR") if (asset := by_code(code)) is not None)
    made = floor.immediate.create_market(
        btc.id,
        rur.id,
        3,
        8,
        self_trade=1,
        min_price=1,
        max_price=10**9,
        min_amount=_core.parse_units("0.001", 8),
        max_amount=_core.parse_units("1000000", 8),
        min_total=0,
        maker_ppm=1_000,
        taker_ppm=2_000,
    )
    assert made.code == 0
    assert floor.immediate.create_linked_group(btc.id, usd.id, 2_500, 0).code == 0
    for market in floor.catalogue.markets.by_id:
        if market.base == btc.id:
            assert floor.immediate.link_market(0, market.id).code == 0
    assert floor.immediate.set_conversion_rates(0, [(rur.id, _core.parse_units(ROUBLES_IN_DOLLARS, 12))]).code == 0
    for code in ("USD", "RUR"):
        floor.fund(_core.CONVERSION, code, "1000000")
    return floor


async def test_a_market_buy_takes_what_only_another_currency_offers(linked: Floor, alice: Trader) -> None:
    seller = linked.trader("seller", BTC="1")
    await linked.limit(seller, "BTCRUR", SELL, "1", "1000")  # 30 dollars, and 0.25 % for the conversion: 30.075
    order = await linked.post("markets/BTCUSD/orders", alice, side=BUY, amount="15.0375")
    assert (order["deal_stock"], order["deal_money"], order["left"]) == ("0.5", "15.0375", "0")


async def test_a_market_sell_takes_what_only_another_currency_bids(linked: Floor, alice: Trader) -> None:
    buyer = linked.trader("buyer", RUR="5000")
    await linked.limit(buyer, "BTCRUR", BUY, "1", "1000")
    order = await linked.post("markets/BTCUSD/orders", alice, side=SELL, amount="0.5")
    assert order["deal_stock"] == "0.5"
    (deal,) = (await linked.get(f"markets/BTCUSD/orders/{order['id']}", alice))["records"]
    assert (Decimal(order["deal_money"]), order["deal_fee"]) == (Decimal(deal["deal"]), deal["fee"])


@pytest.mark.parametrize("ppm", [1, 333, 2_000])
async def test_the_fee_of_a_sale_is_the_sum_of_its_deals_fees(linked: Floor, alice: Trader, ppm: int) -> None:
    linked.immediate.set_account_fees(alice.account, ppm, ppm)
    buyer = linked.trader("buyer", RUR="5000")
    for number in range(1, 6):
        await linked.limit(buyer, "BTCRUR", BUY, f"0.0100000{number}", f"100.0{number}")
    order = await linked.limit(alice, "BTCUSD", SELL, "0.05", "1")
    deals = (await linked.get(f"markets/BTCUSD/orders/{order['id']}", alice))["records"]
    assert len(deals) == 5
    assert Decimal(order["deal_fee"]) == sum(Decimal(deal["fee"]) for deal in deals)


async def test_nobody_is_there_when_the_conversion_cannot_be_paid_or_the_rate_is_gone(linked: Floor, alice: Trader) -> None:
    seller = linked.trader("seller", BTC="1")
    await linked.limit(seller, "BTCRUR", SELL, "1", "1000")
    rur = linked.catalogue.assets.by_code("RUR")
    assert rur is not None
    assert linked.immediate.set_conversion_rates(0, [(rur.id, 0)]).code == RejectReason.OK
    assert await linked.refused("POST", "markets/BTCUSD/orders", alice, side=BUY, amount="15") == (400, 12, "no enough trader")


async def test_the_least_purchase_is_counted_at_the_best_price_of_all_books(linked: Floor, alice: Trader, bob: Trader) -> None:
    """The own book asks 100; 30.075 is asked elsewhere, so that the least amount, 0.001, is had for 0.030075."""
    seller = linked.trader("seller", BTC="1")
    await linked.limit(seller, "BTCRUR", SELL, "1", "1000")
    await linked.limit(bob, "BTCUSD", SELL, "1", "100")
    assert await linked.refused("POST", "markets/BTCUSD/orders", alice, side=BUY, amount="0.03") == (400, 11, "amount too small")
    assert (await linked.post("markets/BTCUSD/orders", alice, side=BUY, amount="0.030075"))["deal_stock"] == "0.001"
